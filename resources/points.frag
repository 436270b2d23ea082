varying vec4 v_color;
varying float v_size;

void main() {
    float outside = length(gl_PointCoord - 0.5) * v_size - 0.5 * (v_size - 1.0);
    float cover = clamp(0.5 - outside, 0.0, 1.0);
    if (cover <= 0.0) discard;
    gl_FragColor = vec4(v_color.rgb, v_color.a * cover);
}

uniform sampler2D u_atlas;

varying vec2 v_texture;
varying vec4 v_color;

void main() {
    float cover = texture2D(u_atlas, v_texture).r;
    if (cover <= 0.0) discard;
    gl_FragColor = vec4(v_color.rgb, v_color.a * cover);
}

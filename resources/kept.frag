uniform sampler2D u_pixels;

varying vec2 v_place;

void main() {
    gl_FragColor = texture2D(u_pixels, v_place);
}

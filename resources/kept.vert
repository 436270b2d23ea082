// Pixels of the whole canvas, as they were drawn before.
attribute vec2 position;

varying vec2 v_place;

void main() {
    gl_Position = vec4(position, 0.0, 1.0);
    v_place = 0.5 * position + 0.5;
}

#include transform.glsl
#include palette.glsl

attribute vec2 position;
attribute vec2 texture;
attribute float color;
attribute float cell;

varying vec2 v_texture;
varying vec4 v_color;
varying float v_mapped;
varying float v_of_each;

void main() {
    gl_Position = to_clip(position, 0.0, cell);
    v_texture = texture;
    v_color = color_of(color, 1.0);
    v_mapped = color < -50.0 ? 1.0 : 0.0;
    v_of_each = color < -150.0 ? 1.0 : 0.0;
}

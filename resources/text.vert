#include transform.glsl
#include palette.glsl

attribute vec2 position;
attribute float dy;
attribute float color;
attribute float cell;
attribute vec2 corner;
attribute vec2 texture;

varying vec2 v_texture;
varying vec4 v_color;

void main() {
    // The anchor is snapped to whole pixels and the corners are whole pixels from it.
    vec2 anchor = to_clip(position, dy, cell).xy;
    vec2 pixel = floor((anchor * 0.5 + 0.5) * u_viewport + 0.5) + vec2(corner.x, -corner.y);
    gl_Position = vec4(pixel / u_viewport * 2.0 - 1.0, 0.0, 1.0);
    if (max(abs(in_cell.x), abs(in_cell.y)) > 1.0001) gl_Position.z = 2.0;
    v_texture = texture;
    v_color = color_of(color, 1.0);
}

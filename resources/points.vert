#include transform.glsl
#include palette.glsl

attribute vec2 position;
attribute float dy;
attribute float color;
attribute float alpha;
attribute float cell;

uniform float u_size;
uniform vec2 u_viewport;

varying vec4 v_color;
// Its centre in its cell, which is 2 wide and high, and how much of that the point covers.
varying vec4 v_place;

void main() {
    gl_Position = to_clip(position, dy, cell);
    v_color = color_of(color, alpha);
    gl_PointSize = u_size + 1.0;
    v_place = vec4(v_in_cell, 2.0 * gl_PointSize / (half_cell * u_viewport));
    if (v_color.a <= 0.0 || max(abs(v_in_cell.x), abs(v_in_cell.y)) > 1.0) {
        // Nothing is drawn of it, and without clipping: see lines.vert.
        gl_Position = vec4(-1.0, -1.0, 0.0, 1.0);
        gl_PointSize = 1.0;
        v_color.a = 0.0;
    }
}

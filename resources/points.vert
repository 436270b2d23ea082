#include transform.glsl
#include palette.glsl

attribute vec2 position;
attribute float dy;
attribute float color;
attribute float alpha;
attribute float cell;

uniform float u_size;

varying vec4 v_color;

void main() {
    gl_Position = to_clip(position, dy, cell);
    v_color = color_of(color, alpha);
    gl_PointSize = u_size + 1.0;
    if (v_color.a <= 0.0 || max(abs(in_cell.x), abs(in_cell.y)) > 1.0) {
        // Nothing is drawn of it, and without clipping: see lines.vert.
        gl_Position = vec4(-1.0, -1.0, 0.0, 1.0);
        gl_PointSize = 1.0;
        v_color.a = 0.0;
    }
}

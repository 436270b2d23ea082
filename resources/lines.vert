#include transform.glsl
#include palette.glsl

attribute vec2 position;
attribute float dy;
attribute float color;
attribute float alpha;
attribute float cell;

varying vec4 v_color;

void main() {
    gl_Position = to_clip(position, dy, cell);
    v_color = color_of(color, abs(alpha));
    // A negative alpha lifts the pen: beyond the far plane, so that nothing of
    // the segment to it is drawn.
    if (alpha < 0.0 || v_color.a <= 0.0) gl_Position.z = 1.0e7;
}

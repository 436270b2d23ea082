#include transform.glsl
#include palette.glsl

attribute vec2 position;
attribute float dy;
attribute float color;
attribute float alpha;
attribute float cell;

varying vec4 v_color;

void main() {
    // What is not to be seen has no opacity. It is not moved out of sight: clipping
    // a single vertex makes Mesa's software renderer take a slow path for all others.
    gl_Position = to_clip(position, dy, cell);
    v_color = color_of(color, alpha);
}

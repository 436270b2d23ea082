#include transform.glsl
#include palette.glsl

attribute vec2 position;
attribute float dy;
attribute float color;
attribute float alpha;
attribute float cell;

// How far from the middle of the canvas, in half its extent, a vertex may be; 0 for anywhere.
uniform float u_reach;

varying vec4 v_color;

void main() {
    // What is not to be seen has no opacity. It is not moved out of sight: clipping
    // a single vertex makes Mesa's software renderer take a slow path for all others.
    gl_Position = to_clip(position, dy, cell);
    if (u_reach > 0.0) gl_Position.xy = clamp(gl_Position.xy, -u_reach, u_reach);
    v_color = color_of(color, alpha);
}

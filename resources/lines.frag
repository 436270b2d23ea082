#include inside.glsl

varying vec4 v_color;

void main() {
    if (v_color.a <= 0.0 || !is_inside()) discard;
    gl_FragColor = v_color;
}

#include inside.glsl

// A disc with an edge one pixel wide; the square of the distance will do for that.
uniform float u_size;

varying vec4 v_color;

void main() {
    vec2 from_center = (gl_PointCoord - 0.5) * (u_size + 1.0);
    float cover = 0.5 + (0.25 * u_size * u_size - dot(from_center, from_center)) / u_size;
    if (cover <= 0.0 || v_color.a <= 0.0 || !is_inside()) discard;
    gl_FragColor = vec4(v_color.rgb, v_color.a * min(cover, 1.0));
}

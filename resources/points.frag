// A disc with an edge one pixel wide; the square of the distance will do for that.
// Of a large one near the frame, what would lie outside its cell is cut off.
uniform float u_size;

varying vec4 v_color;
varying vec4 v_place;

void main() {
    vec2 part = gl_PointCoord - 0.5;
    vec2 in_cell = v_place.xy + vec2(part.x, -part.y) * v_place.zw;
    if (max(abs(in_cell.x), abs(in_cell.y)) > 1.0) discard;
    vec2 from_center = part * (u_size + 1.0);
    float cover = 0.5 + (0.25 * u_size * u_size - dot(from_center, from_center)) / u_size;
    if (cover <= 0.0 || v_color.a <= 0.0) discard;
    gl_FragColor = vec4(v_color.rgb, v_color.a * min(cover, 1.0));
}

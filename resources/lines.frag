varying vec2 v_in_cell;
varying vec4 v_color;

void main() {
    if (v_color.a <= 0.0 || max(abs(v_in_cell.x), abs(v_in_cell.y)) > 1.0) discard;
    gl_FragColor = v_color;
}

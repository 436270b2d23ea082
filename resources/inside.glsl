// Whether a pixel is in the cell that its primitive belongs to. It is told by the
// pixel's own place: where the ends of a line are, interpolated, would be too coarse
// for a line of which only a millionth part is seen.
varying vec4 v_cell;

bool is_inside() {
    return all(greaterThanEqual(gl_FragCoord.xy, v_cell.xy))
        && all(lessThanEqual(gl_FragCoord.xy, v_cell.zw));
}

// Where a vertex goes: data -> cell -> canvas. Included by every vertex shader.
//
// u_cells has one column per cell and two rows: row 0 holds the centre of the
// range shown (xy) and two over its extent (zw); row 1 holds the centre (xy)
// and the half extent (zw) of the cell on the canvas. Column 0 is the whole
// canvas in logical pixels, y downwards; the cells of the grid follow.
uniform sampler2D u_cells;
uniform float u_n_cells;
uniform float u_gain;
uniform vec2 u_viewport;

// Where the vertex is in its cell, which goes from -1 to 1 in both directions.
vec2 in_cell;
// The lower left and the upper right corner of the cell, in pixels: inside.glsl.
varying vec4 v_cell;

vec4 to_clip(vec2 position, float dy, float cell) {
    float column = (cell + 1.5) / u_n_cells;
    vec4 range = texture2DLod(u_cells, vec2(column, 0.25), 0.0);
    vec4 place = texture2DLod(u_cells, vec2(column, 0.75), 0.0);
    in_cell = (vec2(position.x, position.y + u_gain * dy) - range.xy) * range.zw;
    v_cell = (vec4(place.xy - place.zw, place.xy + place.zw) * 0.5 + 0.5) * u_viewport.xyxy;
    return vec4(in_cell * place.zw + place.xy, 0.0, 1.0);
}

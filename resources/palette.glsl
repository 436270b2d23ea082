// What colour a vertex has: an index into a texture of 256 colours, of which
// the first 16 are the theme's and are asked for by negative indices. The
// clusters' recur: of 240, as there are, the next one has the colour of the first.
uniform sampler2D u_palette;
uniform float u_opacity;

vec4 color_of(float index, float alpha) {
    index = index < 0.0 ? index : mod(index, 240.0);
    vec4 color = texture2DLod(u_palette, vec2((index + 16.5) / 256.0, 0.5), 0.0);
    return vec4(color.rgb, color.a * alpha * u_opacity);
}

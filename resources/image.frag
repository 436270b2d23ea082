#include inside.glsl

// One number per texel: through the colour map, or as the opacity of a colour of the palette, that
// of the rectangle or that of each image in it.
uniform sampler2D u_image;
uniform sampler2D u_colors;
uniform sampler2D u_palette;
uniform float u_opacity;
uniform sampler2D u_map;
uniform vec2 u_limits;

varying vec2 v_texture;
varying vec4 v_color;
varying float v_mapped;
varying float v_of_each;

void main() {
    if (!is_inside()) discard;
    float value = texture2D(u_image, v_texture).r;
    float level = clamp((value - u_limits.x) / (u_limits.y - u_limits.x), 0.0, 1.0);
    if (v_of_each > 0.5) {
        if (level <= 0.0) discard;
        float index = texture2D(u_colors, vec2(0.5, v_texture.y)).r;
        index = index < 0.0 ? index : mod(index, 240.0);
        vec4 color = texture2D(u_palette, vec2((index + 16.5) / 256.0, 0.5));
        gl_FragColor = vec4(color.rgb, color.a * u_opacity * level);
    } else if (v_mapped > 0.5) {
        gl_FragColor = texture2D(u_map, vec2((level * 255.0 + 0.5) / 256.0, 0.5));
    } else {
        if (level <= 0.0) discard;
        gl_FragColor = vec4(v_color.rgb, v_color.a * level);
    }
}

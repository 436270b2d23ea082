"""Pictures of a view for papers and slides."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from vispy import gloo
from vispy.gloo import gl

from phygui.views.core.colors import ACCENT
from phygui.views.core.palette import colored_clusters
from phygui.views.data.figure import Figure, Kind

Drawn = Any
"""A :class:`~phygui.views.core.base.View`, which knows this module."""


def figure_of(view: Drawn, kind: Kind, scale: float) -> Figure:
    """The picture of a view.

    Raises
    ------
    ValueError
        If there is no such kind, or the picture is too large to be drawn.
    """
    if kind == "png":
        return Figure(kind, _png(render(view, scale, smooth=True)))
    if kind == "svg":
        return Figure(kind, to_svg(view, scale).encode("utf-8"))
    raise ValueError(f"a picture is a png or an svg, not {kind!r}")


def export_image(view: Drawn, path: str | Path, scale: float = 1.0) -> None:
    """Write the picture of a view.

    Parameters
    ----------
    view : View
    path : str or Path
        Ends in ``.png`` or ``.svg``.
    scale : float
        Pixels of the picture per logical pixel of the canvas; in SVG those of the data, which
        are an image among vector axes and text.

    Raises
    ------
    ValueError
        If the name of the file ends in anything else, or the picture is too large to be drawn.
    """
    path = Path(path)
    kind = path.suffix.lower()
    if kind == ".png":
        _write_png(path, render(view, scale, smooth=True))
    elif kind == ".svg":
        path.write_text(to_svg(view, scale), "utf-8")
    else:
        raise ValueError(f"{path.name}: pictures end in .png or .svg, not in '{path.suffix}'")


def render(
    view: Drawn, scale: float = 1.0, *, decoration: bool = True, smooth: bool = False
) -> NDArray[np.uint8]:
    """Draw a view off screen, `scale` times its logical size: (height, width, 4) uint8.

    Raises
    ------
    ValueError
        If that is more than the graphics card can draw.
    """
    width, height = view.size
    pixels = round(width * scale), round(height * scale)
    view.set_current()
    most = int(gl.glGetParameter(gl.GL_MAX_RENDERBUFFER_SIZE))
    if max(pixels) > most:
        raise ValueError(f"{pixels[0]} by {pixels[1]} pixels are too many, at most {most} a side")
    color = gloo.RenderBuffer((pixels[1], pixels[0]))
    buffer = gloo.FrameBuffer(color=color)
    try:
        buffer.activate()
        view.draw_all((float(width), float(height)), scale, decoration=decoration, smooth=smooth)
        image: NDArray[np.uint8] = buffer.read("color")
    finally:
        buffer.deactivate()
        buffer.delete()
        color.delete()
        view.refresh()
    return image


_ANCHOR = {"left": "start", "center": "middle", "right": "end"}
_BASELINE = {"top": 0.76, "center": 0.26, "bottom": -0.24}


def to_svg(view: Drawn, scale: float = 2.0) -> str:
    """A view as SVG: the data as an image, axes, lasso and text as vectors.

    They lie over each other as on the screen, the axes under the data.
    """
    width, height = view.size
    data = _straight(render(view, scale, decoration=False, smooth=True))
    image = base64.b64encode(_png(data)).decode("ascii")
    colors = view.palette.table(view.colors, colored_clusters(view.data))
    ground = _paint("fill", view.colors.roles["background"])
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="Open Sans, Helvetica, Arial, sans-serif" '
        'font-size="11">',
        f'<rect width="{width}" height="{height}" {ground}/>',
    ]
    for line in view.layout.lines:
        ends = line["position"].reshape(-1, 2, 2)
        strokes, alphas = line["color"].astype(int)[::2], line["alpha"][::2]
        for (a, b), color, alpha in zip(ends, strokes, alphas, strict=True):
            stroke = _paint("stroke", colors[16 + color], alpha)
            parts.append(f'<path d="M{a[0]:g} {a[1]:g}L{b[0]:g} {b[1]:g}" {stroke} fill="none"/>')
    # Inkscape 1.2 and Qt know no href but that of xlink, which SVG 2 still allows.
    source = f'xlink:href="data:image/png;base64,{image}"'
    parts.append(f'<image width="{width}" height="{height}" {source}/>')
    parts += _lasso(view)
    for label in view.all_labels:
        x, y = label.x, label.y
        if label.cell >= 0:
            left, top, w, h = view.layout.boxes[label.cell]
            x, y = view.to_pixels(label.cell, x, y)
            if not (left <= x <= left + w and top <= y <= top + h):
                continue
        x, y = x + label.offset[0], y + label.offset[1] + 11 * _BASELINE[label.align[1]]
        parts.append(
            f'<text x="{x:g}" y="{y:g}" {_paint("fill", colors[16 + label.color])} '
            f'text-anchor="{_ANCHOR[label.align[0]]}">{escape(label.text, quote=False)}</text>'
        )
    return "\n".join([*parts, "</svg>\n"])


def _png(image: NDArray[np.uint8]) -> bytes:
    with TemporaryDirectory(prefix="phygui-") as folder:
        path = Path(folder) / "data.png"
        _write_png(path, image)
        return path.read_bytes()


def _write_png(path: Path, image: NDArray[np.uint8]) -> None:
    # Loaded when it is wanted: it brings what reads meshes along.
    from vispy.io import write_png

    write_png(str(path), image)


def _straight(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """An image on nothing, as OpenGL blends it, with the colours that PNG wants.

    Each colour has come out multiplied by its opacity.
    """
    opacity = image[..., 3:].astype(np.float32) / 255
    straight = image[..., :3] / np.maximum(opacity, 1 / 255)
    return np.concatenate([np.minimum(straight + 0.5, 255).astype(np.uint8), image[..., 3:]], -1)


def _lasso(view: Drawn) -> list[str]:
    """The lasso as on the screen: the edge that would close it is faint until it is closed."""
    lasso = view.lasso
    if lasso is None:
        return []
    box = view.layout.boxes[lasso.cell]
    corners = np.array([view.to_pixels(lasso.cell, x, y) for x, y in lasso.points])
    color = view.colors.palette()[16 + ACCENT]
    parts = []
    for k, (start, end) in enumerate(zip(corners, np.roll(corners, -1, axis=0), strict=True)):
        shown = _part_inside(start, end, box)
        if shown is not None:
            (x0, y0), (x1, y1) = start + np.outer(shown, end - start)
            closes = k == len(corners) - 1 and not lasso.closed
            stroke = _paint("stroke", color, 0.4 if closes else 1.0)
            parts.append(f'<path d="M{x0:g} {y0:g}L{x1:g} {y1:g}" {stroke} fill="none"/>')
    fill = _paint("fill", color)
    for x, y in corners[[_part_inside(c, c, box) is not None for c in corners]]:
        parts.append(f'<circle cx="{x:g}" cy="{y:g}" r="2.5" {fill}/>')
    return parts


def _part_inside(
    start: NDArray[np.float64], end: NDArray[np.float64], box: NDArray[np.float64]
) -> tuple[float, float] | None:
    """Where a line enters and leaves a box, as parts of its length; None if it is outside.

    Few programs know how to clip.
    """
    first, last = 0.0, 1.0
    for at, along, low, extent in zip(start, end - start, box[:2], box[2:], strict=True):
        if along == 0:
            if not low <= at <= low + extent:
                return None
            continue
        enters, leaves = sorted([(low - at) / along, (low + extent - at) / along])
        first, last = max(first, enters), min(last, leaves)
    return (first, last) if first <= last else None


def _paint(what: str, color: NDArray[np.uint8], alpha: float = 1.0) -> str:
    """Attributes for a fill or a stroke; many programs do not know rgba() in them."""
    red, green, blue, opacity = (int(c) for c in color)
    opaque = alpha * opacity / 255
    paint = f'{what}="#{red:02x}{green:02x}{blue:02x}"'
    return paint if opaque == 1 else f'{paint} {what}-opacity="{opaque:.3g}"'

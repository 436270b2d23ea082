"""Points, lines and filled shapes: any number of them in one draw call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from vispy import gloo

from phygui.views.core.visuals.shared import Shared

Mode = Literal["points", "lines", "strips", "triangles"]

VERTEX = np.dtype(
    [
        ("position", np.float32, 2),
        ("dy", np.float32),
        ("color", np.float32),
        ("alpha", np.float32),
        ("cell", np.float32),
    ]
)

_FEW = 100_000
"""Vertices of lines of which it is looked whether they are along an axis: it takes 0.1 ms."""
_NEAR, _ANYWHERE = 4.0, 0.0

MOST_VERTICES = 50_000_000
"""A view that would draw more has forgotten to draw fewer: these take a gigabyte."""


def vertices(
    x: ArrayLike,
    y: ArrayLike,
    *,
    color: ArrayLike = 0,
    cell: ArrayLike = 0,
    dy: ArrayLike = 0.0,
    alpha: ArrayLike = 1.0,
) -> NDArray[Any]:
    """Make vertices; all arguments are broadcast together and flattened.

    Parameters
    ----------
    x, y : array of float
        Place in the units of the cell's axes.
    color : array of int
        Index of the cluster colour, or a negative colour of the theme.
    cell : array of int
        Index of the cell; ``CANVAS`` for the whole canvas in logical pixels.
    dy : array of float
        Added to `y` after multiplication by the view's data scale.
    alpha : array of float
        Opacity.

    Returns
    -------
    array of ``VERTEX`` (n,)

    Raises
    ------
    ValueError
        If they are more than can be drawn.
    """
    args = np.broadcast_arrays(x, y, dy, color, alpha, cell)
    if args[0].size > MOST_VERTICES:
        raise ValueError(f"{args[0].size} vertices are too many, at most {MOST_VERTICES} are drawn")
    out = np.empty(args[0].shape, VERTEX)
    out["position"][..., 0], out["position"][..., 1] = args[0], args[1]
    for name, values in zip(("dy", "color", "alpha", "cell"), args[2:], strict=True):
        out[name] = values
    return out.reshape(-1)


def strips(
    x: ArrayLike,
    y: ArrayLike,
    *,
    color: ArrayLike = 0,
    cell: ArrayLike = 0,
    dy: ArrayLike = 0.0,
    alpha: ArrayLike = 1.0,
) -> NDArray[Any]:
    """Make the vertices of many lines of the same length, for the mode ``strips``.

    The arguments are those of :func:`vertices`, broadcast to (..., n_points): the last axis runs
    along each line.

    Returns
    -------
    array of ``VERTEX`` (n_lines, n_points)
    """
    n_points = np.broadcast_shapes(*(np.shape(a) for a in (x, y, dy, color, alpha, cell)))[-1]
    made = vertices(x, y, color=color, cell=cell, dy=dy, alpha=alpha)
    return made.reshape(-1 if n_points else 0, n_points)


def boxes(
    x0: ArrayLike,
    x1: ArrayLike,
    y0: ArrayLike,
    y1: ArrayLike,
    *,
    color: ArrayLike = 0,
    cell: ArrayLike = 0,
    alpha: ArrayLike = 1.0,
) -> NDArray[Any]:
    """Make the vertices of filled rectangles, six each, for the mode ``triangles``."""
    args = np.broadcast_arrays(x0, x1, y0, y1, color, cell, alpha)
    left, right, low, high, color, cell, alpha = (a.reshape(-1, 1) for a in args)
    return vertices(
        np.concatenate([left, right, right, left, right, left], axis=1),
        np.concatenate([low, low, high, low, high, high], axis=1),
        color=color,
        cell=cell,
        alpha=alpha,
    )


def bands(
    x: ArrayLike,
    y: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
    *,
    color: ArrayLike = 0,
    cell: ArrayLike = 0,
    alpha: ArrayLike = 1.0,
) -> NDArray[Any]:
    """Make the vertices of filled bands between two curves, for the mode ``triangles``.

    `x`, `y`, `low` and `high` are broadcast to (..., n_points); `low` and `high` are relative to
    `y` and follow the data scale. The others are broadcast to (..., n_points) too.
    """
    x, y, low, high, color, cell, alpha = np.broadcast_arrays(x, y, low, high, color, cell, alpha)
    first, second = np.s_[..., :-1], np.s_[..., 1:]
    corners = [(first, low), (second, low), (second, high), (first, low), (second, high)]
    corners.append((first, high))
    where = [at for at, _ in corners]

    def gather(a: NDArray[Any]) -> NDArray[Any]:
        return np.stack([a[at] for at in where], axis=-1)

    return vertices(
        gather(x),
        gather(y),
        dy=np.stack([curve[at] for at, curve in corners], axis=-1),
        color=gather(color),
        cell=gather(cell),
        alpha=gather(alpha),
    )


class Batch:
    """Vertices drawn together.

    Parameters
    ----------
    mode : str
        ``points`` (discs), ``lines`` (pairs of vertices), ``strips`` (see :func:`strips`) or
        ``triangles``.
    opacity : float
        Multiplies the opacity of every vertex.
    size : float
        Diameter of points, or width of lines, in logical pixels.
    smooth : bool, optional
        Whether lines have soft edges; by default where that costs little.

    Attributes
    ----------
    vertices : array of ``VERTEX`` (n_vertices,)
        What is drawn.
    shapes : list of tuple of int
        Of ``strips``: number of lines, and of vertices in each, part by part.
    """

    def __init__(
        self,
        mode: Mode,
        *,
        opacity: float = 1.0,
        size: float = 1.0,
        smooth: bool | None = None,
    ) -> None:
        self.mode = mode
        self.opacity = opacity
        self.size = size
        self.smooth = smooth
        self.visible = True
        self.vertices = np.empty(0, VERTEX)
        self._buffer: gloo.VertexBuffer | None = None
        self._order: gloo.IndexBuffer | None = None
        self.shapes: list[tuple[int, ...]] = []
        self._reach = _ANYWHERE

    def set_data(self, *parts: NDArray[Any]) -> None:
        """Replace what is drawn; later parts are drawn over earlier ones."""
        flat = [np.ascontiguousarray(a).reshape(-1) for a in parts]
        self.vertices = flat[0] if len(flat) == 1 else np.concatenate([np.empty(0, VERTEX), *flat])
        if not len(self.vertices):
            return
        self._buffer = upload(self._buffer, self.vertices)
        # Mesa 26 draws no line that ends some 16,000 pixels away. Of a line along an axis an end
        # may be moved along it to just outside of the canvas.
        is_straight = self.mode == "lines" and along_axes(self.vertices)
        self._reach = _NEAR if is_straight else _ANYWHERE
        if self.mode == "strips" and self.shapes != (shapes := [a.shape for a in parts]):
            self.shapes = shapes
            self._order = upload(self._order, pairs_along(shapes), gloo.IndexBuffer)

    def clear(self) -> None:
        """Draw nothing."""
        self.vertices = self.vertices[:0].copy()

    @property
    def n_vertices(self) -> int:
        """Number of vertices drawn."""
        return len(self.vertices)

    def draw(self, shared: Shared, context: Any) -> None:
        """Draw; the canvas is current."""
        if not self.visible or not self.n_vertices:
            return
        program = begin("points" if self.mode == "points" else "lines", self._buffer, shared)
        program["u_opacity"] = self.opacity
        if self.mode != "points":
            program["u_reach"] = self._reach
        size = self.size * shared.pixel_ratio
        if self.mode == "points":
            program["u_size"] = size
        elif self.mode != "triangles":
            context.set_line_width(max(1.0, size))
            smooth = shared.smooth if self.smooth is None else self.smooth
            context.set_state(line_smooth=smooth)
        if self.mode == "strips":
            program.draw("lines", self._order)
        else:
            program.draw(self.mode)


def along_axes(made: NDArray[Any]) -> bool:
    """Whether these are the ends of a few lines, two after two, that are all along an axis."""
    if len(made) > _FEW:
        return False
    first, second = made[0::2], made[1::2]
    across = first["position"][:, 0] == second["position"][:, 0]
    up = (first["position"][:, 1] == second["position"][:, 1]) & (first["dy"] == second["dy"])
    return bool((across | up).all())


def pairs_along(shapes: Sequence[tuple[int, ...]]) -> NDArray[np.uint32]:
    """Which vertices the segments of lines join, two after two.

    Pairs are drawn in a third less time than a strip whose pen is lifted between its lines.

    Parameters
    ----------
    shapes : sequence of tuple of int
        (n_lines, n_points) of each part of the vertices.
    """
    parts, first = [], 0
    for n_lines, n_points in shapes:
        last = first + n_lines * n_points
        number = np.arange(first, last, dtype=np.uint32).reshape(n_lines, n_points)
        parts.append(np.stack([number[:, :-1], number[:, 1:]], axis=-1).reshape(-1))
        first = last
    return np.concatenate(parts)


def upload(
    buffer: gloo.buffer.DataBuffer | None, data: NDArray[Any], kind: type = gloo.VertexBuffer
) -> Any:
    """Put an array into a buffer of the GPU, a new one if it is longer or shorter than before."""
    if buffer is not None and buffer.size == len(data):
        buffer.set_data(data, copy=False)
        return buffer
    if buffer is not None:
        buffer.delete()
    return kind(data)


def begin(kind: str, buffer: gloo.VertexBuffer | None, shared: Shared) -> gloo.Program:
    """The program of a kind, given the vertices of one visual and what all visuals look up."""
    shared.bind(kind, buffer)
    shared.tell(
        kind,
        u_cells=shared.cells,
        u_palette=shared.palette,
        u_n_cells=float(shared.n_cells),
        u_gain=shared.gain,
        u_viewport=shared.viewport,
    )
    return shared.program(kind)

"""Images: any number of rectangles cut from one texture, in one draw call."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from vispy import gloo

from phygui.views.core.visuals.batch import begin, upload
from phygui.views.core.visuals.shared import Shared

MAPPED = -100
"""The colour of an image that goes through the colour map."""
OF_EACH = -200
"""The colour of images placed together that have the colours of :meth:`Images.set_colors`."""
_PATCH = np.dtype(
    [
        ("position", np.float32, 2),
        ("texture", np.float32, 2),
        ("color", np.float32),
        ("cell", np.float32),
    ]
)
_CORNERS = np.array([[0, 0], [1, 0], [1, 1], [0, 0], [1, 1], [0, 1]])


class Images:
    """Arrays of numbers, shown through a colour map or as the opacity of a cluster's colour."""

    def __init__(self, *, opacity: float = 1.0) -> None:
        self.opacity = opacity
        self.visible = True
        self.limits = (0.0, 1.0)
        self._n_images = self.n_drawn = 0
        """Those that there are, and rectangles of one or several of them that are drawn."""
        self._buffer: gloo.VertexBuffer | None = None
        self._texture: gloo.Texture2D | None = None
        self._colors = _numbers(np.zeros((1, 1)))
        ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 4, axis=2)
        ramp[..., 3] = 255
        self._map = gloo.Texture2D(ramp, interpolation="nearest")

    def set_map(self, colors: NDArray[np.uint8]) -> None:
        """Set the colour map, (256, 4) uint8."""
        self._map.set_data(np.ascontiguousarray(colors[None]))

    def set_data(
        self,
        images: ArrayLike,
        extents: ArrayLike,
        *,
        cell: ArrayLike = 0,
        color: ArrayLike = MAPPED,
        limits: tuple[float, float] = (0.0, 1.0),
    ) -> None:
        """Replace what is shown.

        Parameters
        ----------
        images : array of float (n_images, height, width)
            Row 0 is at the bottom.
        extents : array of float (n_images, 4)
            x0, x1, y0, y1 in the units of the cell's axes.
        cell, color : array of int (n_images,)
            Cell of each image, and its colour, or ``MAPPED`` for the colour map.
        limits : tuple of float
            Numbers at the two ends of the colour map, or of no and full opacity.
        """
        stack = np.asarray(images, np.float32)
        self._n_images = self.n_drawn = 0
        self.limits = limits
        if not stack.size:
            return
        n, height, width = stack.shape
        self._texture = _numbers(stack.reshape(n * height, width), self._texture)
        self._n_images = n
        self.place(extents, cell=cell, color=color)

    def set_colors(self, colors: ArrayLike) -> None:
        """Set the colour of each image, (n_images,), for those of the colour ``OF_EACH``."""
        self._colors = _numbers(np.asarray(colors)[:, None], self._colors)

    def place(
        self,
        extents: ArrayLike,
        *,
        cell: ArrayLike = 0,
        color: ArrayLike = MAPPED,
        which: ArrayLike | None = None,
    ) -> None:
        """Put the images elsewhere; their numbers stay.

        Parameters
        ----------
        extents : array of float (n, 4)
            x0, x1, y0, y1 in the units of the cell's axes.
        cell, color : array of int (n,)
            As of :meth:`set_data`, or ``OF_EACH``.
        which : array of int (n, 2), optional
            The images that each rectangle shows: the lowest and the highest, with those between
            them, whose numbers rise or fall. By default each shows one of all images.
        """
        ends = np.tile(np.arange(self._n_images)[:, None], 2) if which is None else which
        first, last = np.asarray(ends).T[:, :, None]
        n = self.n_drawn = len(first)
        if not n:
            return
        extent = np.asarray(extents, np.float64).reshape(n, 4)
        out = np.empty((n, 6), _PATCH)
        for axis in (0, 1):
            low, high = extent[:, 2 * axis, None], extent[:, 2 * axis + 1, None]
            out["position"][..., axis] = low + (high - low) * _CORNERS[:, axis]
        out["texture"][..., 0] = _CORNERS[:, 0]
        below, above = first + (first > last), last + (first <= last)
        out["texture"][..., 1] = np.where(_CORNERS[:, 1], above, below) / self._n_images
        out["color"] = np.broadcast_to(color, n)[:, None]
        out["cell"] = np.broadcast_to(cell, n)[:, None]
        self._buffer = upload(self._buffer, out.reshape(-1))

    def clear(self) -> None:
        """Show nothing."""
        self._n_images = self.n_drawn = 0

    def draw(self, shared: Shared, context: Any) -> None:
        """Draw; the canvas is current."""
        if not self.visible or not self.n_drawn:
            return
        program = begin("image", self._buffer, shared)
        program["u_opacity"] = self.opacity
        program["u_image"] = self._texture
        program["u_map"] = self._map
        program["u_colors"] = self._colors
        program["u_limits"] = self.limits
        program.draw("triangles")


def _numbers(values: NDArray[Any], texture: gloo.Texture2D | None = None) -> gloo.Texture2D:
    """A texture of one number per texel; the same one if it is as large."""
    texels = np.ascontiguousarray(values[..., None], np.float32)
    if texture is not None and texture.shape == texels.shape:
        texture.set_data(texels)
        return texture
    return gloo.Texture2D(texels, interpolation="nearest", internalformat="r32f", format="red")

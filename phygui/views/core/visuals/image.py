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
        self._n = 0
        self._buffer: gloo.VertexBuffer | None = None
        self._texture: gloo.Texture2D | None = None
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
        self._n = len(stack)
        self.limits = limits
        if not stack.size:
            self._n = 0
            return
        n, height, width = stack.shape
        texels = np.ascontiguousarray(stack.reshape(n * height, width, 1))
        if self._texture is not None and self._texture.shape == texels.shape:
            self._texture.set_data(texels)
        else:
            self._texture = gloo.Texture2D(
                texels, interpolation="nearest", internalformat="r32f", format="red"
            )
        self.place(extents, cell=cell, color=color)

    def place(self, extents: ArrayLike, *, cell: ArrayLike = 0, color: ArrayLike = MAPPED) -> None:
        """Put the images elsewhere; their numbers stay."""
        n = self._n
        extent = np.asarray(extents, np.float64).reshape(n, 4)
        out = np.empty((n, 6), _PATCH)
        for axis in (0, 1):
            low, high = extent[:, 2 * axis, None], extent[:, 2 * axis + 1, None]
            out["position"][..., axis] = low + (high - low) * _CORNERS[:, axis]
        out["texture"][..., 0] = _CORNERS[:, 0]
        out["texture"][..., 1] = (np.arange(n)[:, None] + _CORNERS[:, 1]) / n
        out["color"] = np.broadcast_to(color, n)[:, None]
        out["cell"] = np.broadcast_to(cell, n)[:, None]
        self._buffer = upload(self._buffer, out.reshape(-1))

    def clear(self) -> None:
        """Show nothing."""
        self._n = 0

    def draw(self, shared: Shared, context: Any) -> None:
        """Draw; the canvas is current."""
        if not self.visible or not self._n:
            return
        program = begin("image", self._buffer, shared)
        program["u_opacity"] = self.opacity
        program["u_image"] = self._texture
        program["u_map"] = self._map
        program["u_limits"] = self.limits
        program.draw("triangles")

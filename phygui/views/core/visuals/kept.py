"""What is the same from one drawing of a canvas to the next: drawn once, then its pixels."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from vispy import gloo

from phygui.views.core.vispy_parts import copy_pixels
from phygui.views.core.visuals.shared import Shared

_TIMES = 2
"""Drawings alike after which the pixels are kept: who moves through the recording sees something
else each time, and would wait for copies."""
_FEW = 1000
"""Vertices that are compared one by one; of more, only the same array is the same."""
_CORNERS = np.array([[-1, -1], [1, -1], [1, 1], [-1, -1], [1, 1], [-1, 1]], np.float32)


class Kept:
    """The ground of a canvas, and the batches that are drawn first, from the second time on.

    To rasterise the signal of all channels takes longer than all else that a selection changes in
    the trace view, and a selection does not change the signal.
    """

    def __init__(self) -> None:
        self._look: tuple[Hashable, ...] = ()
        self._drawn: list[NDArray[Any]] = []
        self._n_times = 0
        self._texture: gloo.Texture2D | None = None
        self._corners: gloo.VertexBuffer | None = None

    def draw(self, shared: Shared, context: Any, visuals: Sequence[Any], *others: Hashable) -> None:
        """Draw them, or what is kept of them; the canvas is current, and nothing is on it.

        Parameters
        ----------
        shared : Shared
        context : GLContext
        visuals : sequence of Batch
            Each with vertices that are never changed in place. Others are none to be seen.
        *others : hashable
            What else their pixels depend on.
        """
        batches = [b for b in visuals if b.visible]
        look = (shared.viewport, shared.gain, shared.smooth, shared.table.tobytes(), *others)
        look += tuple((b.opacity, b.size) for b in batches)
        drawn = [b.vertices for b in batches]
        is_same = look == self._look and len(drawn) == len(self._drawn)
        if not (is_same and all(map(_are_same, drawn, self._drawn))):
            self._look, self._drawn, self._n_times = look, drawn, 0
        if self._n_times == _TIMES:
            self._show(shared, context)
            return
        for batch in batches:
            batch.draw(shared, context)
        self._n_times += 1
        if self._n_times == _TIMES:
            self._take(shared, context)

    def _take(self, shared: Shared, context: Any) -> None:
        width, height = shared.viewport
        shape = (round(height), round(width), 4)
        if self._texture is None or self._texture.shape != shape:
            if self._texture is not None:
                self._texture.delete()
            self._texture = gloo.Texture2D(shape, interpolation="nearest")
        copy_pixels(context, self._texture)

    def _show(self, shared: Shared, context: Any) -> None:
        if self._corners is None:
            self._corners = gloo.VertexBuffer(_CORNERS)
        program = shared.program("kept")
        program["position"] = self._corners
        program["u_pixels"] = self._texture
        context.set_state(blend=False)
        program.draw("triangles")
        context.set_state(blend=True)


def _are_same(a: NDArray[Any], b: NDArray[Any]) -> bool:
    return a is b or (len(a) == len(b) <= _FEW and a.tobytes() == b.tobytes())

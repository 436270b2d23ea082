"""The polygon that the user draws around spikes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Lasso:
    """A polygon in one cell of a view.

    It lives in the units of its axes, so it means the same spikes however the
    view is zoomed, and whichever of them are drawn.
    """

    x: str
    """Key of the horizontal axis."""
    y: str
    """Key of the vertical axis."""
    cell: int
    """Cell of the grid in which it was drawn."""
    points: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 2)))
    """Corners, (n, 2); the last is joined to the first."""
    closed: bool = False
    """Whether the user has closed it: the next corner then starts another one."""

    @property
    def is_polygon(self) -> bool:
        """Whether it has an inside."""
        return len(self.points) >= 3

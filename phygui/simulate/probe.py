"""The probe of the demo: shanks of two staggered columns of sites."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

COLUMN_DISTANCE = 20.0  # micrometres between the two columns of a shank
ROW_DISTANCE = 10.0  # micrometres along the shank from one site to the next
SHANK_DISTANCE = 200.0
NEIGHBOUR_DISTANCE = 30.0  # sites at most this far apart are adjacent


@dataclass(frozen=True)
class Shank:
    """The sites of one channel group.

    Attributes
    ----------
    channels : (n_channels,) int32
        The column of the raw data of every site, in probe order.
    positions : (n_channels, 2) float64
        x and y of every site, micrometres, in probe order.
    """

    channels: NDArray[np.int32]
    positions: NDArray[np.float64]

    @property
    def n_channels(self) -> int:
        return len(self.channels)

    @property
    def neighbours(self) -> NDArray[np.bool_]:
        """(n_channels, n_channels) bool: which sites are adjacent, in probe order."""
        distances = np.linalg.norm(self.positions[:, None] - self.positions[None], axis=2)
        near: NDArray[np.bool_] = (distances > 0) & (distances <= NEIGHBOUR_DISTANCE)
        return near

    @property
    def adjacency_graph(self) -> NDArray[np.int32]:
        """(n_edges, 2) int32: adjacent channels, each pair once."""
        first, second = np.nonzero(np.triu(self.neighbours))
        return np.column_stack([self.channels[first], self.channels[second]]).astype(np.int32)


def make_shank(channel_group: int, n_channels: int, columns: NDArray[np.int32]) -> Shank:
    """One shank of ``n_channels`` staggered sites whose raw columns are ``columns``."""
    site = np.arange(n_channels)
    x = channel_group * SHANK_DISTANCE + COLUMN_DISTANCE * (site % 2)
    return Shank(columns.astype(np.int32), np.column_stack([x, site * ROW_DISTANCE]))

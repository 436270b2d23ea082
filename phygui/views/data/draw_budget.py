"""Which spikes a view draws: how many, how it says so, and whether a spike is one of some."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

AUTOMATIC = 0
"""The number of spikes per cluster that stands for: as many as is cheap."""


@dataclass(frozen=True)
class Budget:
    """How many spikes a view draws.

    Parameters
    ----------
    each : int
        Of a cluster, unless the user asks for another number.
    together : int
        Of all selected clusters, likewise: of many, each has less.
    most : int
        Of all selected clusters, whatever the user asks for.
    """

    each: int
    together: int
    most: int

    def of_each(self, asked: int, sizes: Sequence[int]) -> int:
        """Spikes to draw of each cluster.

        Parameters
        ----------
        asked : int
            The number that the user asks for.
        sizes : sequence of int
            How many spikes each selected cluster has.
        """
        if asked == AUTOMATIC:
            return max(1, min(self.each, self.together // max(1, len(sizes))))
        # What small clusters leave is for the larger ones.
        left = self.most
        for k, size in enumerate(sorted(sizes)):
            share = left // (len(sizes) - k)
            if size > share:
                return max(1, min(asked, share))
            left -= size
        return asked

    def field(self, about: str, step: int) -> Any:
        """The parameter by which the user asks; `about` says what the number means."""
        return field(
            default=AUTOMATIC,
            metadata={
                "label": "Spikes per cluster",
                "help": f"{about} Automatic: {self.each:,}, and {self.together:,} of all selected "
                f"clusters together; a number of your own: up to {self.most:,} together.",
                "min": AUTOMATIC,
                "max": self.most,
                "step": step,
                "lowest": "automatic",
            },
        )


def how_many(n_drawn: int, n_spikes: int) -> str:
    """Say how many spikes are drawn where they are not all; else empty."""
    return f"{n_drawn:,} of {n_spikes:,} spikes" if n_drawn < n_spikes else ""


def among(spike_ids: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each spike is one of `wanted`, sorted, of which there may be very many."""
    if not len(wanted):
        return np.zeros(len(spike_ids), np.bool_)
    place = np.searchsorted(wanted, spike_ids)
    found: NDArray[np.bool_] = wanted[np.minimum(place, len(wanted) - 1)] == spike_ids
    return found

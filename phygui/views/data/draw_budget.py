"""Which spikes a view draws: how many, how it says so, and whether a spike is one of some."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.views.spec import FEW

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
    in_parts : bool
        Whether a third of them is drawn first, each of which is to be one of all.
    """

    each: int
    together: int
    most: int
    in_parts: bool = False

    def of_each(self, asked: int, sizes: Sequence[int]) -> int:
        """Spikes to draw of each cluster.

        Parameters
        ----------
        asked : int
            The number that the user asks for, ``AUTOMATIC`` or ``FEW``.
        sizes : sequence of int
            How many spikes each selected cluster has.
        """
        if asked in (AUTOMATIC, FEW):
            # The middles of so many equal parts are those of every third of three times as many.
            each = max(1, min(self.each, self.together // max(1, len(sizes))))
            few = max(1, each // 3)
            if asked == FEW:
                return few
            return max(1, 3 * (each // 3)) if self.in_parts else each
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


def is_part(asked: int, n_each: int, sizes: Sequence[int]) -> bool:
    """Whether more spikes than so many of each cluster are to be drawn in a moment."""
    return asked == FEW and max(sizes, default=0) > n_each


def among(spike_ids: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each spike is one of `wanted`, sorted, of which there may be very many."""
    if not len(wanted):
        return np.zeros(len(spike_ids), np.bool_)
    place = np.searchsorted(wanted, spike_ids)
    found: NDArray[np.bool_] = wanted[np.minimum(place, len(wanted) - 1)] == spike_ids
    return found

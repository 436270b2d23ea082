"""What is said of a pair of clusters in numbers, in place of the mirror image of its plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from phygui.views.core.visuals import text_width
from phygui.views.correlogram.data import CorrelogramData
from phygui.words import counted

_LEAST_EXPECTED = 1.0
"""Pairs expected of independent trains below which their ratio says nothing."""
_COUNTED = 999.5
"""Pairs expected from which they are told as they are counted, whole."""


@dataclass(frozen=True)
class Numbers:
    """A pair of clusters about lag zero."""

    n_pairs: int
    """Pairs of spikes at most `reach_ms` apart."""
    n_expected: float
    """Such pairs of independent trains of the same mean rates."""
    reach_ms: float
    asymmetry: float

    def texts(self) -> list[list[str]]:
        """Lines that say this, and shorter ones for less room."""
        reach = f"within {self.reach_ms:.3g} ms"
        pairs = counted(self.n_pairs, "pair")
        lopsided = f"asymmetry {self.asymmetry:+.2f}".replace("-", "−")
        n = self.n_expected
        expected = f"{n:.3g}" if n < _COUNTED else f"{n:,.0f}"
        forms = [[f"{pairs} {reach}", f"{expected} by chance", lopsided]]
        if self.n_expected >= _LEAST_EXPECTED:
            part = self.n_pairs / self.n_expected
            ratio = f"{part:.{2 if part < 9.995 else 0}f}×"
            forms.append([f"{ratio} chance", reach, lopsided])
            forms.append([f"{ratio} chance"])
            forms.append([ratio])
        return forms

    def lines(self, room: tuple[float, float], line: float) -> list[str]:
        """Those for which there is room, in logical pixels, where each takes `line`."""
        for form in self.texts():
            if max(map(text_width, form)) <= room[0] and line * len(form) <= room[1]:
                return form
        return []


def numbers_of(data: CorrelogramData, i: int, j: int, period_ms: float) -> Numbers:
    """What is said of a pair, about the lags within a period, or within the bars next to zero."""
    edges = np.abs(data.edges_ms).max(axis=1)
    reach = edges[edges <= period_ms * (1 + 1e-9)].max(initial=float(edges.min()))
    near = edges <= reach * (1 + 1e-9)
    counts = data.counts[i, j]
    n_expected = float(data.expected[i, j, near].sum())
    return Numbers(int(counts[near].sum()), n_expected, float(reach), asymmetry(counts))


def asymmetry(counts: NDArray[np.int64] | Sequence[int]) -> float:
    """How much more the second train follows the first than it precedes it, from -1 to 1.

    Pairs of positive lag less those of negative lag, over their sum; 0 where there are none. The
    bars next to lag zero do not count: which of two spikes at the same time comes first means
    nothing.
    """
    values = np.asarray(counts)
    half = len(values) // 2
    before, after = int(values[: half - 1].sum()), int(values[half + 1 :].sum())
    return (after - before) / max(after + before, 1)

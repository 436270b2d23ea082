"""Which attribute is on which axis of the feature view's grid."""

from __future__ import annotations

import re
from dataclasses import dataclass

from phygui.curation.statistics.spike_attributes import AMPLITUDE, TIME, feature_key, stored_key
from phygui.dataset import ShankData

AUTOMATIC = -1
"""The number of a channel that stands for: one of the best for the selected clusters."""
HISTOGRAM = "histogram"
"""On the horizontal axis: how many spikes have each value of the vertical one."""
_N_ROWS = 4
_RANKED = re.compile(r"(\d+)([A-Z])")
_CHANNEL = re.compile(r"#(\d+)([A-Z])")


@dataclass(frozen=True)
class Plot:
    """One scatter plot: its place in the grid and the keys of its axes."""

    row: int
    column: int
    x: str
    y: str


def default_grid(channels: list[int], n_features: int, diagonal: str = TIME) -> list[Plot]:
    """Time, or histograms, on the diagonal, features off it.

    With the best channels 0, 1, 2, 3 and their features A, B ... a row has 0A, 1A, 0B or 1B on
    its vertical axis. Below the diagonal are the pairs of these four; above it, they meet the
    first features of the further channels, 1A, 2A and 3A.
    """

    def keys(ranks: list[tuple[int, int]]) -> list[str]:
        fits = [(c, f) for c, f in ranks if c < len(channels) and f < n_features]
        return [feature_key(channels[c], f) for c, f in fits]

    near = [(c, f) for f in range(n_features) for c in range(2)]
    far = [(c, 0) for c in range(_N_ROWS)]
    rows = keys([*near, *far[2:]])[:_N_ROWS]
    above = [*keys(far), *rows[len(keys(far)) :]]
    plots = []
    for i, y in enumerate(rows):
        for j, below in enumerate(rows):
            x = diagonal if i == j else below if i > j else above[j]
            plots.append(Plot(i, j, x, y))
    return plots


def parse_grid(text: str, shank: ShankData, channels: list[int]) -> list[Plot]:
    """Read a grid that the user wrote.

    Plots are separated by spaces, rows by semicolons or line breaks; a plot is ``x,y``. An axis
    is ``time``, ``amplitude``, ``histogram`` (only before the comma), ``0A`` (feature A of the
    best channel), ``1B`` (feature B of the second best), ``#12A`` (feature A of channel 12), or
    ``=NAME`` for what the format holds of every spike, with ``_`` for what stands between the
    words of its name.

    Raises
    ------
    ValueError
        With a sentence for the user.
    """
    plots = []
    rows = [row for row in re.split(r"[;\n]", text) if row.strip()]
    for i, row in enumerate(rows):
        for j, cell in enumerate(row.split()):
            x, comma, y = cell.partition(",")
            if not comma:
                raise ValueError(f"'{cell}' in the grid of features is not of the form x,y")
            across = HISTOGRAM if x == HISTOGRAM else _key(x, shank, channels)
            plots.append(Plot(i, j, across, _key(y, shank, channels)))
    if not plots:
        raise ValueError("the grid of features has no plot")
    return plots


def _key(name: str, shank: ShankData, channels: list[int]) -> str:
    if name in (TIME, AMPLITUDE):
        return name
    stored = {"=" + re.sub(r"[\s,;]+", "_", of): of for of in shank.attributes}
    if name in stored:
        return stored_key(stored[name])
    ranked, absolute = _RANKED.fullmatch(name), _CHANNEL.fullmatch(name)
    match = ranked or absolute
    if match is None:
        others = "".join(f", {known}" for known in stored)
        raise ValueError(
            f"'{name}' in the grid of features is not time, amplitude{others}, 0A, 1B ... or #12A"
        )
    number, feature = int(match[1]), ord(match[2]) - ord("A")
    n_features = 0 if shank.features is None else shank.features.n_features
    if feature >= n_features:
        raise ValueError(f"'{name}': a channel has {n_features} features")
    if absolute:
        order = [int(c) for c in shank.channels]
        if number not in order:
            raise ValueError(f"'{name}': there is no channel {number} on this shank")
        return feature_key(order.index(number), feature)
    if number >= len(channels):
        raise ValueError(f"'{name}': there are {len(channels)} channels")
    return feature_key(channels[number], feature)

"""What is drawn of waveforms in each of their forms: spikes, residuals, means, densities.

It is made where the waveforms are read, in a worker: of many clusters these are millions of
vertices, and the window would stand still meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from phygui.views.core.colors import GREY
from phygui.views.core.density import as_opacity, density, n_bins_for
from phygui.views.core.visuals import VERTEX, bands, strips
from phygui.views.data.probe_layout import ProbeLayout

FILL = 0.92
"""Part of a box's width that the waveforms take."""
BESIDE = 0.9
"""Part of a cluster's share of the box that its waveforms take, side by side."""
_N_MASKED = 15
"""Most waveforms drawn of each cluster where the channel is masked."""
_OWN = 0.2
"""Least part of a cluster's spikes for which a channel of its own is unmasked."""
_N_BINS = 96
_REACH, _MOST_REACH = 2.0, 8.0
"""How far the image of a density reaches from the zero line, in heights of a box: as a rule, and at
most, where waveforms are larger."""
_FULL_BANDS = 8
"""Clusters up to which the bands of deviations have their full opacity; of more, less of it."""
_MOST_BANDS = 32
"""Clusters from which on there are no bands: of so few spikes of each, deviations say nothing."""


class Waveforms(Protocol):
    """What vertices are made of: some of what the waveform view holds."""

    @property
    def cluster_ids(self) -> tuple[int, ...]: ...
    @property
    def cluster_unmasked(self) -> NDArray[np.bool_]: ...
    @property
    def colors(self) -> NDArray[np.int64]: ...
    @property
    def deviations(self) -> NDArray[np.float32]: ...
    @property
    def full_scale(self) -> float: ...
    @property
    def layout(self) -> ProbeLayout: ...
    @property
    def means(self) -> NDArray[np.float32]: ...
    @property
    def present(self) -> NDArray[np.bool_]: ...
    @property
    def reach(self) -> NDArray[np.float32]: ...
    @property
    def times(self) -> NDArray[np.float64]: ...
    @property
    def unmasked(self) -> NDArray[np.bool_]: ...
    @property
    def waveforms(self) -> NDArray[np.float32]: ...


def _nothing() -> NDArray[Any]:
    return np.empty((0, 0), VERTEX)


@dataclass(frozen=True)
class Densities:
    """Where waveforms are dense."""

    opacity: NDArray[np.float32]
    """(n_images, n_bins, n_columns)."""
    left: NDArray[np.float64]
    right: NDArray[np.float64]
    middle: NDArray[np.float64]
    """Of each image, in units of the layout, (n_images,)."""
    half: float
    """Height of each above its middle, before the user scales the data."""
    clusters: NDArray[np.int64]
    """Index of the cluster of each in the selection, (n_images,)."""


@dataclass(frozen=True)
class Shown:
    """The vertices of one form."""

    form: str
    """``spikes``, ``residual``, ``mean`` or ``density``."""
    overlap: bool
    has_line: NDArray[np.bool_]
    """Which waveforms have a line on which channels: (n_spikes or n_clusters, n_channels)."""
    lines: NDArray[Any] = field(default_factory=_nothing)
    means: NDArray[Any] = field(default_factory=_nothing)
    bands: NDArray[Any] = field(default_factory=_nothing)
    densities: Densities | None = None


def shown_of(data: Waveforms, form: str, overlap: bool) -> Shown:
    """Make the vertices of some waveforms.

    Parameters
    ----------
    data : Waveforms
    form : str
        ``spikes``, ``residual``, ``mean`` or ``density``.
    overlap : bool
        Whether clusters are drawn over each other, or side by side.
    """
    make = {"mean": _means, "density": _densities}.get(form, _spikes)
    return make(data, form, overlap)


def offsets(data: Waveforms, overlap: bool, clusters: NDArray[np.int64]) -> NDArray[np.float64]:
    """Offset of each sample of waveforms of some clusters from the centre of the box.

    Returns
    -------
    array of float64 (n, n_samples)
    """
    width = data.layout.width * FILL
    unit = np.linspace(-0.5, 0.5, len(data.times))
    if overlap or len(data.cluster_ids) == 1:
        return np.broadcast_to(unit * width, (len(clusters), len(unit)))
    part = width / len(data.cluster_ids)
    middle = (clusters - (len(data.cluster_ids) - 1) / 2) * part
    return middle[:, None] + unit * (part * BESIDE)


def lines_of(
    data: Waveforms,
    overlap: bool,
    clusters: NDArray[np.int64],
    values: NDArray[np.float32],
    pairs: tuple[NDArray[Any], ...],
    color: Any,
    alpha: float = 1.0,
) -> NDArray[Any]:
    """Lines for some pairs of a waveform and a channel."""
    rows, channels = pairs
    centers = data.layout.centers[channels]
    scale = data.layout.height / data.full_scale
    return strips(
        centers[:, None, 0] + offsets(data, overlap, clusters)[rows],
        centers[:, None, 1],
        dy=values[rows, :, channels] * scale,
        color=np.broadcast_to(color, len(rows))[:, None],
        alpha=alpha,
    )


def alpha_of(n_waveforms: float) -> float:
    """Opacity of each of so many waveforms in one place, so that they do not hide all else."""
    return float(np.clip(4.0 / np.sqrt(max(1.0, n_waveforms)), 0.25, 0.9))


def _spikes(data: Waveforms, form: str, overlap: bool) -> Shown:
    """Single waveforms, with or without their cluster's mean; in the order of time, so mixed."""
    values = data.waveforms
    if form == "residual":
        values = values - data.means[data.colors]
    # Of the masked ones a few are enough to see that there is nothing.
    few = np.zeros(len(data.colors), bool)
    for k in range(len(data.cluster_ids)):
        few[np.flatnonzero(data.colors == k)[:_N_MASKED]] = True
    # Where a cluster hardly ever is, a spike is another one's that came at the same time.
    clusters = range(len(data.cluster_ids))
    n_each = np.bincount(data.colors, minlength=len(clusters))
    part = np.stack([data.unmasked[data.colors == k].sum(axis=0) for k in clusters])
    part = part / np.maximum(n_each, 1)[:, None]
    own = data.unmasked & (part >= _OWN)[data.colors] & data.present[data.colors]
    faint = few[:, None] & data.present[data.colors]
    masked, shown = np.nonzero(~own & faint), np.nonzero(own)
    alpha = alpha_of(len(data.colors) / len(data.cluster_ids))
    grey = lines_of(data, overlap, data.colors, values, masked, GREY, 0.5)
    colored = lines_of(data, overlap, data.colors, values, shown, data.colors[shown[0]], alpha)
    return Shown(form, overlap, own | faint, lines=np.concatenate([grey, colored]))


def _means(data: Waveforms, form: str, overlap: bool) -> Shown:
    """Means and what deviates from them.

    On every channel the larger ones come first: what is drawn later hides little of them, and none
    of the clusters is hidden by those that were selected after it.
    """
    n_clusters = len(data.cluster_ids)
    clusters = np.arange(n_clusters)
    has_line = data.present
    if not data.present.all():
        # Of many, each is where most of its spikes are: else most of the picture would be grey.
        own = data.cluster_unmasked & data.present
        has_line = np.where(own.any(axis=1, keepdims=True), own, data.present)
    rows, channels = np.nonzero(has_line)
    values = data.means[rows, :, channels]
    colored = data.cluster_unmasked[rows, channels]
    order = np.lexsort((-np.ptp(values, axis=1), colored))
    rows, channels, colored = rows[order], channels[order], colored[order]
    color = np.where(colored, clusters[rows], GREY)
    means = lines_of(data, overlap, clusters, data.means, (rows, channels), color)
    if n_clusters > _MOST_BANDS:
        return Shown(form, overlap, has_line, means=means)
    centers, scale = data.layout.centers[channels], data.layout.height / data.full_scale
    mean, deviation = values[order], data.deviations[rows, :, channels]
    around = bands(
        centers[:, None, 0] + offsets(data, overlap, clusters)[rows],
        centers[:, None, 1],
        (mean - deviation) * scale,
        (mean + deviation) * scale,
        color=color[:, None],
        alpha=min(1.0, _FULL_BANDS / n_clusters),
    )
    return Shown(form, overlap, has_line, means=means, bands=around)


def _densities(data: Waveforms, form: str, overlap: bool) -> Shown:
    """Images of where the waveforms of each cluster are."""
    has_line = data.cluster_unmasked & data.present
    rows, channels = np.nonzero(has_line)
    # Between samples the lines are straight, as they are when they are drawn.
    fine = np.linspace(0, len(data.times) - 1, 4 * len(data.times) - 3)
    before = np.minimum(fine.astype(np.int64), max(0, len(data.times) - 2))
    part = (fine - before)[:, None].astype(np.float32)
    # Where some waveforms are much larger than most, more bins of the same height.
    steps = np.ceil(1.1 * np.abs(data.reach).max(initial=0.0) / data.full_scale)
    heights = float(np.clip(steps, _REACH, _MOST_REACH))
    n_bins = n_bins_for(len(rows), round(_N_BINS * heights / _REACH))
    reach = heights * data.full_scale
    counts = np.empty((len(rows), n_bins, len(fine)), np.float32)
    for k in range(len(data.cluster_ids)):
        own = data.waveforms[data.colors == k]
        after = np.minimum(before + 1, len(data.times) - 1)
        values = own[:, before] * (1 - part) + own[:, after] * part
        columns = np.broadcast_to(np.arange(len(fine)) + 0.5, values.shape[:2]).ravel()
        for i in np.flatnonzero(rows == k):
            chosen = values[:, :, channels[i]].ravel()
            shape, ends = (n_bins, len(fine)), (0.0, float(len(fine)))
            counts[i] = density(columns, chosen, ends, (-reach, reach), shape)
    centers = data.layout.centers[channels]
    x = offsets(data, overlap, np.arange(len(data.cluster_ids)))[rows]
    half = 0.5 * (x[:, -1] - x[:, 0]) / max(1, len(fine) - 1)
    densities = Densities(
        opacity=as_opacity(counts),
        left=centers[:, 0] + x[:, 0] - half,
        right=centers[:, 0] + x[:, -1] + half,
        middle=centers[:, 1],
        half=heights * data.layout.height,
        clusters=rows,
    )
    return Shown(form, overlap, has_line, densities=densities)

"""Figures of all exported clusters together: how many, how active, and where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import log_lag_edges
from phygui.dataset.groups import BEST_FIRST, GROUP_NAMES
from phygui.exports.curation import Curation, ShankCuration
from phygui.exports.report.svg import Axes, Size, figure, label, short
from phygui.exports.work import Work

SIZE: Size = (330.0, 190.0)
N_TIMES = 120
"""Bins of the activity over time."""
N_RATES = 24
_FIRST = [GROUP_NAMES[group] for group in BEST_FIRST]


def group_kind(group: str) -> str:
    """The class for the colour of a group in the style sheet."""
    return f"g-{group}" if group in _FIRST else "g-own"


def group_counts(curation: Curation) -> dict[str, int]:
    """Number of clusters in each group, the usual groups first."""
    counts = Counter(group for shank in curation.shanks for group in shank.groups.values())
    own = sorted(set(counts).difference(_FIRST))
    return {group: counts[group] for group in (*_FIRST, *own) if counts[group]}


def group_figure(curation: Curation) -> str:
    """How many clusters are in each group."""
    return group_bars(group_counts(curation))


def group_bars(counts: Mapping[str, int]) -> str:
    """Numbers of clusters by group, as bars."""
    width, height = SIZE
    most, left = max(counts.values(), default=1), 84.0
    each = min(32.0, (height - 20) / max(len(counts), 1))
    parts = []
    for i, (group, n) in enumerate(counts.items()):
        y, long = 12 + i * each, n / most * (width - left - 50)
        parts += [
            label(left - 6, y + each / 2, group, "end", "name"),
            f'<rect class="fill {group_kind(group)}" x="{left:g}" y="{short(y)}" '
            f'width="{short(long)}" height="{short(0.7 * each)}"/>',
            label(left + long + 5, y + each / 2, f"{n:,}", "start", "name"),
        ]
    return figure(SIZE, "Clusters in each group", parts)


def rate_figure(curation: Curation) -> str:
    """Firing rates of the clusters, the groups on top of one another."""
    rates = {
        group: np.array([_rate(shank, c) for shank, c in _of_group(curation, group)])
        for group in group_counts(curation)
    }
    rates = {group: of[of > 0] for group, of in rates.items()}
    every = np.concatenate([np.empty(0), *rates.values()])
    low, high = (0.1, 10.0) if not len(every) else (every.min() / 1.5, every.max() * 1.5)
    edges = log_lag_edges(float(low), float(high), N_RATES)
    counts = {group: np.histogram(of, edges)[0] for group, of in rates.items()}
    total = np.sum([np.zeros(N_RATES), *counts.values()], axis=0)
    axes = Axes(
        SIZE,
        (edges[0], edges[-1]),
        (0, 1.2 * max(float(total.max()), 1.0)),
        ("firing rate (spikes/s)", "clusters"),
        title="Firing rates of the clusters",
        is_log=True,
    )
    for group, of in reversed(counts.items()):
        axes.steps(edges, total, group_kind(group))
        total = total - of
    return axes.finish()


def depth_figure(curation: Curation) -> str:
    """Where the clusters are along the probe, and how large they are there."""
    known = [of.columns["amplitude"].values for of in curation.shanks if "amplitude" in of.columns]
    name, title = ("amplitude", "amplitude") if any(known) else ("firing_rate", "firing rate")
    found: dict[str, NDArray[np.float64]] = {}
    units = [""]
    for group in group_counts(curation):
        places = []
        for shank, c in _of_group(curation, group):
            if {name, "depth"} <= shank.columns.keys():
                units = [shank.columns[name].unit]
                place = [shank.columns[of].values.get(c) for of in (name, "depth")]
                places += [place] if None not in place else []
        found[group] = np.array(places, np.float64).reshape(-1, 2)
    every = np.concatenate([np.empty((0, 2)), *found.values()])
    right = float(every[:, 0].max(initial=0.0))
    low, high = (every[:, 1].min(), every[:, 1].max()) if len(every) else (0.0, 1.0)
    room = max(0.12 * float(high - low), 10.0)
    axes = Axes(
        SIZE,
        (0.0, 1.06 * right),
        (float(low) - room, float(high) + 1.8 * room),
        (f"{title} ({units[0]})" if units[0] else title, "depth (µm)"),
        title="Where the clusters are on the probe",
    )
    for group, of in reversed(found.items()):
        axes.points(of[:, 0], of[:, 1], f"large {group_kind(group)}")
    return axes.finish()


def activity_figure(curation: Curation, work: Work) -> str:
    """Spikes of the exported clusters over time."""
    data = curation.shanks[0].data
    edges = np.linspace(0, max(data.timeline.n_samples, 1), N_TIMES + 1)
    counts = np.zeros(N_TIMES)
    for shank in work.through(curation.shanks, "activity"):
        spike_ids, _ = shank.exported_spikes
        counts += np.histogram(shank.data.spike_samples[spike_ids], edges)[0]
    rate = counts / np.diff(edges) * data.sample_rate
    axes = Axes(
        SIZE,
        (0, edges[-1] / data.sample_rate),
        (0, 1.2 * max(float(rate.max()), 1e-9)),
        ("time (s)", "spikes/s of all clusters"),
        title="Activity over time",
    )
    for start, stop in data.clock.gap_times():
        axes.band(start, stop, "gap")
    axes.steps(edges / data.sample_rate, rate)
    return axes.finish()


def _of_group(curation: Curation, group: str) -> list[tuple[ShankCuration, int]]:
    return [(s, c) for s in curation.shanks for c, name in s.groups.items() if name == group]


def _rate(shank: ShankCuration, cluster_id: int) -> float:
    duration = shank.data.duration
    return len(shank.spikes_per_cluster[cluster_id]) / duration if duration > 0 else 0.0

"""What a small picture of a dataset shows: mean waveforms of its largest units."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from phygui.curation.statistics.cache import kept_waveforms
from phygui.curation.statistics.snapshot import spikes_print
from phygui.dataset.groups import BEST_FIRST, GROUP_NAMES

Curve = tuple[str, tuple[int, ...]]
"""The group of a cluster, and its mean waveform on its best channel: integers up to 100."""

N_CURVES = 6
_N_SAMPLES = 40


def curves(
    folder: Path, shank: int, spike_clusters: NDArray[np.int32], groups: Mapping[int, str]
) -> tuple[Curve, ...]:
    """The waveforms of a few clusters, the good and large ones first, as far as they are kept.

    Parameters
    ----------
    folder : Path
        The state folder of the dataset.
    shank : int
    spike_clusters : (n_spikes,) int32
        Cluster of each spike.
    groups : mapping of int to str
        Group of each cluster.
    """
    waveforms = kept_waveforms(folder, shank)
    if not waveforms or not len(spike_clusters):
        return ()
    best = [GROUP_NAMES[group] for group in BEST_FIRST]
    sizes = np.bincount(spike_clusters)
    order = sorted(
        groups,
        key=lambda c: (best.index(groups[c]) if groups[c] in best else len(best), -int(sizes[c])),
    )
    found: list[Curve] = []
    for cluster in order[: 4 * N_CURVES]:
        kept = waveforms.get(spikes_print(np.flatnonzero(spike_clusters == cluster)))
        if kept is not None:
            found.append((groups[cluster], curve(kept)))
        if len(found) == N_CURVES:
            break
    return tuple(found)


def curve(waveform: ArrayLike) -> tuple[int, ...]:
    """A mean waveform, (n_samples, n_channels), as a picture shows it: its largest channel."""
    values = np.nan_to_num(np.asarray(waveform, np.float64))
    largest = values[:, np.ptp(values, axis=0).argmax()]
    step = max(1, -(-len(largest) // _N_SAMPLES))
    largest = largest[::step]
    scale = np.abs(largest).max() or 1.0
    return tuple(np.rint(100 * largest / scale).astype(int).tolist())

"""What a small picture of a dataset shows: its largest units, and how much is known of all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from phygui.curation.statistics.cache import kept_prints, kept_waveforms, small_arrays
from phygui.curation.statistics.snapshot import spikes_print
from phygui.dataset.groups import BEST_FIRST, GROUP_NAMES
from phygui.storage.state.state_files import parse_json

Levels = tuple[int, ...]
Curve = tuple[str, Levels, Levels]
"""The group of a cluster, its mean waveform on its best channel, and its autocorrelogram: integers
up to 100. Either may be empty."""

N_CURVES = 6
_N_SAMPLES = 40
_N_BINS = 26
_BEST = [GROUP_NAMES[group] for group in BEST_FIRST]


def prints_of(spike_clusters: NDArray[np.int32]) -> dict[int, str]:
    """Fingerprint of the spikes of each cluster: (n_spikes,) int32, cluster of each spike."""
    order = np.argsort(spike_clusters, kind="stable")
    clusters, starts = np.unique(spike_clusters[order], return_index=True)
    pieces = np.split(order, starts[1:])
    return {c: spikes_print(of) for c, of in zip(clusters.tolist(), pieces, strict=True)}


def share_known(
    folder: Path, shank: int, prints: Mapping[int, str], data: Callable[[], str]
) -> float:
    """Of how many clusters of a shank all that a session computes is kept: 0 to 1.

    Parameters
    ----------
    folder : Path
        The state folder of the dataset.
    shank : int
    prints : mapping of int to str
        Fingerprint of the spikes of each cluster.
    data : callable
        Returns the fingerprint of the data; only asked for where anything is kept.
    """
    known = kept_prints(folder, shank, data)
    return sum(key in known for key in prints.values()) / max(len(prints), 1)


def curves(
    folder: Path, shank: int, prints: Mapping[int, str], groups: Mapping[int, str]
) -> tuple[Curve, ...]:
    """A few clusters, the good ones first, as far as something of them is kept.

    Parameters
    ----------
    folder : Path
        The state folder of the dataset.
    shank : int
    prints : mapping of int to str
        Fingerprint of the spikes of each cluster.
    groups : mapping of int to str
        Group of each cluster.
    """
    kept = _previews(folder, shank)
    if not kept:
        waveforms = kept_waveforms(folder, shank)
        kept = {key: (_largest(waveform), np.empty(0)) for key, waveform in waveforms.items()}
    known = [c for c in groups if prints.get(c) in kept]
    # What is kept comes by size; sorting keeps that order within a group.
    places = {key: place for place, key in enumerate(kept)}
    known.sort(key=lambda c: (_rank(groups[c]), places[prints[c]]))
    return tuple(
        (
            groups[c],
            levels(kept[prints[c]][0], _N_SAMPLES),
            levels(_fewer(kept[prints[c]][1]), _N_BINS),
        )
        for c in known[:N_CURVES]
    )


def _rank(group: str) -> int:
    return _BEST.index(group) if group in _BEST else len(_BEST)


def _previews(folder: Path, shank: int) -> dict[str, tuple[NDArray[np.float64], ArrayLike]]:
    """Waveforms and autocorrelograms that a preparation has left, the largest clusters first."""
    arrays = small_arrays(folder / "prepared" / f"previews-{shank}.npz")
    try:
        keys = [str(key) for key in parse_json(arrays["info"].tobytes())["prints"]]
        waveforms, acg = arrays["waveforms"].astype(np.float64), arrays["acg"]
        order = np.argsort(-arrays["n_spikes"], kind="stable").tolist()
        return {keys[i]: (waveforms[i], acg[i]) for i in order}
    except (ValueError, KeyError, TypeError, IndexError):
        return {}


def _largest(waveform: ArrayLike) -> NDArray[np.float64]:
    """A mean waveform, (n_samples, n_channels), on its largest channel."""
    values = np.nan_to_num(np.asarray(waveform, np.float64))
    largest: NDArray[np.float64] = values[:, np.ptp(values, axis=0).argmax()]
    return largest


def _fewer(counts: ArrayLike) -> NDArray[np.float64]:
    """Counts in bins as counts in fewer, wider ones."""
    found = np.asarray(counts, np.float64)
    width = max(1, -(-len(found) // _N_BINS))
    n = len(found) // width
    summed: NDArray[np.float64] = found[: n * width].reshape(n, width).sum(axis=1)
    return summed


def levels(values: ArrayLike, most: int) -> Levels:
    """Numbers as a picture shows them: no more than `most`, the largest of them 100."""
    found = np.nan_to_num(np.asarray(values, np.float64))
    if not found.any():
        return ()
    found = found[:: max(1, -(-len(found) // most))]
    return tuple(np.rint(100 * found / (np.abs(found).max() or 1.0)).astype(int).tolist())

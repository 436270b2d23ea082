"""What a small picture of a dataset shows: its largest units, and how much is known of all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from phygui.curation.statistics.kept import small_arrays
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


def curves(
    previews: Preview,
    waveforms: Callable[[], Mapping[str, ArrayLike]],
    prints: Mapping[int, str],
    groups: Mapping[int, str],
) -> tuple[Curve, ...]:
    """A few clusters, the good ones first, as far as something of them is kept.

    Parameters
    ----------
    previews : Preview
        What a preparation has left.
    waveforms : callable
        Returns mean waveforms, (n_samples, n_channels) each, by the fingerprints of the clusters;
        only called where there are no previews.
    prints : mapping of int to str
        Fingerprint of the spikes of each cluster.
    groups : mapping of int to str
        Group of each cluster.
    """
    kept = _of_clusters(previews)
    if not kept:
        kept = {key: (_largest(waveform), np.empty(0)) for key, waveform in waveforms().items()}
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


@dataclass(frozen=True)
class Preview:
    """The file of previews that a preparation has left of one shank.

    Attributes
    ----------
    told : dict
        What it tells in words and numbers; see :mod:`phygui.prepare`.
    arrays : dict of str to array
    prints : list of str
        Fingerprints of the clusters that are in it.
    """

    told: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    prints: Sequence[str] = ()


def preview_of(folders: Iterable[Path], shank: int, prints: Collection[str]) -> Preview:
    """The previews of a shank: of several, those that tell of most of its clusters now.

    Parameters
    ----------
    folders : iterable of Path
        Where a preparation leaves its files.
    shank : int
    prints : collection of str
        Fingerprints of the spikes of its clusters.
    """
    living = set(prints)
    found = [preview for folder in folders if (preview := _read(folder, shank)).prints]
    return max(found, key=lambda each: len(living.intersection(each.prints)), default=Preview())


def _read(folder: Path, shank: int) -> Preview:
    arrays = small_arrays(folder / f"previews-{shank}.npz")
    try:
        told = parse_json(arrays["info"].tobytes())
        return Preview(told, arrays, [str(key) for key in told["prints"]])
    except (ValueError, KeyError, TypeError):
        return Preview()


def _of_clusters(preview: Preview) -> dict[str, tuple[NDArray[np.float64], ArrayLike]]:
    """Waveforms and autocorrelograms, the largest clusters first."""
    keys, arrays = preview.prints, preview.arrays
    try:
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

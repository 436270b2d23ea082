"""What a list of sessions draws its small pictures from: see the package for where it is and how.

It is for pictures only: nothing is recalled from it. Beside what the package tells, ``info`` has
``candidates``: the fingerprints of those that ``suggested`` counts.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from phygui.analysis import cross_correlogram
from phygui.curation.shown import Shown
from phygui.curation.statistics.snapshot import spikes_print
from phygui.curation.suggestions.grouping.group_rules import DEFAULTS, ready
from phygui.curation.suggestions.grouping.groups import GroupCandidates
from phygui.dataset.groups import UNSORTED
from phygui.storage.state.state_files import make_folder, read_whole, write_whole

VERSION = 1
MOST = 24
"""Clusters, the largest ones, that are in it."""
BIN_MS = 1.0
WINDOW_MS = 50.0
LARGEST = 1 << 22


def write_previews(folder: Path, shown: Shown, suggested: Mapping[str, int | None]) -> int:
    """Write the previews of a clustering whose stats are known, unless they are there already.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    shown : Shown
    suggested : mapping of str to int or None
        How many ``merges``, ``splits`` and ``candidates`` are suggested; None for what was not
        looked for.

    Returns
    -------
    int
        Clusters that are in it; 0 if it was there.

    Raises
    ------
    OSError
        If it cannot be written; then what was there before still is.
    """
    shank, spikes = shown.shank, shown.spikes_per_cluster
    ids = sorted(sorted(spikes, key=lambda c: (-len(spikes[c]), c))[:MOST])
    prints = [shown.knowledge.prints.get(c) or spikes_print(spikes[c]) for c in ids]
    info = {
        "version": VERSION,
        "clustering": shown.clustering,
        "n_clusters": len(spikes),
        "suggested": dict(suggested),
        "candidates": None if suggested.get("candidates") is None else _candidates(shown),
        "prints": prints,
        "bin_ms": BIN_MS,
        "rate": shank.sample_rate,
        "has_waveforms": [_waveform(shown, c) is not None for c in ids],
    }
    path = folder / f"previews-{shown.channel_group}.npz"
    text = json.dumps(info).encode()
    if _holds(path, text):
        return 0
    curves = [_waveform(shown, c) for c in ids]
    length = max((len(curve) for curve in curves if curve is not None), default=0)
    waveforms = np.zeros((len(ids), length), np.float32)
    for row, curve in zip(waveforms, curves, strict=True):
        if curve is not None:
            row[:] = curve
    size = max(1, round(BIN_MS * 1e-3 * shank.sample_rate))
    window = round(WINDOW_MS * 1e-3 * shank.sample_rate)
    counts = [
        cross_correlogram(shank.clock.pair_train(spikes[c]), bin_size=size, window_size=window)
        for c in ids
    ]
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        allow_pickle=False,
        info=np.frombuffer(text, np.uint8),
        cluster_ids=np.array(ids, np.int64),
        n_spikes=np.array([len(spikes[c]) for c in ids], np.int64),
        waveforms=waveforms,
        acg=np.array(counts, np.int32).reshape(len(ids), -1),
    )
    make_folder(folder)
    write_whole(path, buffer.getvalue(), lasts=False)
    return len(ids)


def _candidates(shown: Shown) -> list[str]:
    """Fingerprints of the candidates for Noise and MUA among the clusters that are undecided."""
    candidates = GroupCandidates()
    candidates.set_rules(ready(DEFAULTS, shown)[0])
    undecided = sorted(c for c, group in shown.cluster_groups.items() if group == UNSORTED)
    found = [c for c in undecided if candidates.of(shown, c) is not None]
    return [
        shown.knowledge.prints.get(c) or spikes_print(shown.spikes_per_cluster[c]) for c in found
    ]


def _waveform(shown: Shown, cluster_id: int) -> np.ndarray | None:
    """Mean waveform of a cluster on its best channel."""
    stats = shown.stats.get(cluster_id)
    if stats is None or stats.summary.mean_waveform is None or stats.best_channel is None:
        return None
    place = np.flatnonzero(shown.shank.channels == stats.best_channel)
    return stats.summary.mean_waveform[:, place[0]]


def _holds(path: Path, text: bytes) -> bool:
    try:
        with np.load(io.BytesIO(read_whole(path, LARGEST)), allow_pickle=False) as arrays:
            return bool(arrays["info"].tobytes() == text)
    except Exception:
        return False

"""Files that many clusters have their spikes in are read ahead of what is computed of these."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TypeVar

from phygui.curation.statistics.measuring.pieces import Steps
from phygui.curation.statistics.snapshot import Snapshot
from phygui.storage.arrays.ahead import ReadThrough, that_fit

T = TypeVar("T")

N_SPIKES = 5_000
"""Spikes of a cluster that are looked at, about, where it has more."""
LEAST_SHARE = 0.1
"""Part of all spikes from which on hardly a stretch of a file is not touched."""
LEAST_BYTES = 2**26
"""Smaller files come fast enough by themselves."""


def with_files_read_ahead(
    snapshot: Snapshot, cluster_ids: Collection[int], steps: Steps[T]
) -> Steps[T]:
    """The same steps on some clusters, during which the files they read from are read through.

    The spikes of many clusters lie all over a file. Where it is on the drive only, it is read in
    its order in half the time that its pieces take, wherever they lie. Between two steps nothing
    is read.
    """
    n_spikes = sum(min(len(snapshot.spikes(c)), N_SPIKES) for c in cluster_ids)
    shank = snapshot.shank
    paths: list[Path] = []
    if n_spikes >= LEAST_SHARE * len(shank.spike_samples):
        sources = [s for s in (shank.traces, shank.features) if s is not None]
        files = [path for source in sources for path in getattr(source, "files", ())]
        paths = that_fit(files, LEAST_BYTES)
    through = ReadThrough(paths)
    try:
        while True:
            through.go_on()
            try:
                found = next(steps)
            except StopIteration:
                return
            finally:
                through.pause()
            yield found
    finally:
        through.end()

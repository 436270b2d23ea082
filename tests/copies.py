"""Copies of datasets that tests may write to."""

from __future__ import annotations

import shutil
from pathlib import Path

import h5py
import numpy as np

from phygui import Session

FILES, RAW_DATA = (".kwik", ".kwx", ".ground_truth.npz"), (".dat", ".raw.kwd")


def copy_files(source: Path, target: Path, name: str, raw: bool = True) -> Path:
    """Copy the files of a Kwik dataset, and nothing that is known of it; the new ``.kwik``."""
    for suffix in (*FILES, *(RAW_DATA if raw else ())):
        file = source / (name + suffix)
        if file.exists():
            shutil.copyfile(file, target / file.name)
    return target / f"{name}.kwik"


def detect_twice(path: Path, n: int = 20) -> tuple[int, int]:
    """Make spikes of the largest cluster be there again, two samples on, in the second largest.

    The next spike of the file becomes the same one. Returns both clusters.
    """
    with Session.open(path, read_only=True) as session:
        b, a = sorted(session.spikes_per_cluster, key=lambda c: len(session.spikes_per_cluster[c]))[
            -2:
        ]
        clusters = session.spike_clusters
        again = np.flatnonzero((clusters[:-1] == a) & (clusters[1:] != a))[:n] + 1
    with h5py.File(path, "r+") as file:
        spikes = file["channel_groups/0/spikes"]
        times, ids = spikes["time_samples"][:], spikes["clusters/main"][:]
        times[again], ids[again] = times[again - 1] + 2, b
        spikes["time_samples"][:], spikes["clusters/main"][:] = times, ids
    return a, b


def detected_twice(session: Session, *clusters: int) -> list[int]:
    """The later of two spikes of some clusters within 0.3 ms, by looking at each."""
    spikes = np.concatenate([session.spikes_per_cluster[c] for c in clusters])
    times = np.asarray(session.model.spike_samples)[spikes].astype(np.int64)
    order = np.lexsort((spikes, times))
    spikes, times = spikes[order], times[order]
    within = round(0.0003 * session.model.sample_rate)
    return sorted(
        int(spikes[k]) for k in range(1, len(spikes)) if times[k] - times[k - 1] <= within
    )

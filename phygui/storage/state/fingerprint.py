"""A short number for the content of a clustering, to tell whether a file is the one expected."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

_CHUNK = 1 << 20


def fingerprint(
    spike_clusters: ArrayLike,
    cluster_groups: Mapping[int, int],
    labels: Mapping[int, Mapping[str, str]] | None = None,
) -> str:
    """A number that differs between two states of a clustering, in practice always.

    Parameters
    ----------
    spike_clusters : (n_spikes,) integers
        Cluster of each spike; the dtype does not matter.
    cluster_groups : mapping of int to int
        Group of each cluster that has spikes.
    labels : mapping of int to mapping of str to str, optional
        Labels of each cluster that has spikes; empty ones do not matter.

    Returns
    -------
    str
        32 hexadecimal digits (BLAKE2b).
    """
    digest = hashlib.blake2b(digest_size=16)
    clusters = np.asarray(spike_clusters)
    digest.update(b"%d " % len(clusters))
    for start in range(0, len(clusters), _CHUNK):
        digest.update(clusters[start : start + _CHUNK].astype("<i4").tobytes())
    groups = sorted((int(c), int(g)) for c, g in cluster_groups.items())
    words = sorted((int(c), sorted(of.items())) for c, of in (labels or {}).items() if of)
    digest.update(json.dumps([groups, words]).encode())
    return digest.hexdigest()


@dataclass(frozen=True)
class FileStamp:
    """What the file system says of a file: changes whenever the file is written or replaced."""

    size: int
    mtime_ns: int
    inode: int

    @classmethod
    def of(cls, path: str | os.PathLike[str]) -> FileStamp:
        """The stamp of a file.

        Raises
        ------
        OSError
            If there is no such file.
        """
        return cls.of_status(os.stat(path))

    @classmethod
    def of_status(cls, status: os.stat_result) -> FileStamp:
        """The stamp of a file whose status is known."""
        return cls(status.st_size, status.st_mtime_ns, status.st_ino)

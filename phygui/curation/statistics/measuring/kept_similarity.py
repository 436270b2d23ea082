"""Similarities of every two clusters, computed ahead of a session and kept as one file.

A file holds ``info``, a text of JSON in bytes (``version``, ``data``, ``ranking``, ``prints``: the
clusters by the fingerprints of their spikes), and ``values``, (n_clusters, n_clusters) float32.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import zipfile
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version

import numpy as np
from numpy.typing import NDArray

from phygui.curation.statistics.ranking_spec import SIMILARITY, RankingSpec
from phygui.errors import DatasetError
from phygui.storage.state.prepared import PreparedPlaces
from phygui.storage.state.state_files import parse_json, read_whole

log = logging.getLogger(__name__)

VERSION = 1
"""To be raised whenever similarity is computed differently."""
LARGEST = 1 << 28
"""Bytes that a file may have: enough for some 8,180 clusters."""
MOST = 4
"""Files of a shank that are kept: each has all clusters, so that the last is enough for most."""
_PER_CLUSTER, _HEADERS = 64, 4096
"""Bytes that a file takes beside the values, at most."""
_SUFFIX = ".npz"


class KeptSimilarity:
    """The files of one shank.

    Parameters
    ----------
    channel_group : int
    data : callable
        Returns a fingerprint of the data that all is computed from.
    places : PreparedPlaces
    """

    def __init__(self, channel_group: int, data: Callable[[], str], places: PreparedPlaces) -> None:
        self._kind = f"similarity-{channel_group}"
        self._data = data
        self._places = places

    def write(self, spec: RankingSpec, prints: Sequence[str], values: NDArray[np.float32]) -> None:
        """Keep similarities, unless the function is one that nobody could tell from another.

        Those of so many clusters that the file could not be read again are not kept either.

        Raises
        ------
        OSError, DatasetError
            If they cannot be written; then nothing is there.
        """
        if _is_too_large(len(prints)) or (told := self._told(spec, prints)) is None:
            return
        buffer = io.BytesIO()
        info = np.frombuffer(json.dumps(told).encode(), np.uint8)
        np.savez(buffer, allow_pickle=False, info=info, values=values)
        self._places.write(self._kind, _SUFFIX, _name(told), buffer.getvalue(), MOST)

    def is_kept(self, spec: RankingSpec, prints: Sequence[str]) -> bool:
        """Whether the similarities of these very clusters are kept, or could not be."""
        if _is_too_large(len(prints)) or (told := self._told(spec, prints)) is None:
            return True
        end = f"-{_name(told)}{_SUFFIX}"
        return any(path.name.endswith(end) for path in self._places.pieces(self._kind, _SUFFIX))

    def read(
        self, spec: RankingSpec, prints: Mapping[str, int]
    ) -> tuple[list[int], NDArray[np.float32]] | None:
        """Similarities of as many living clusters as any file has; None where none has any.

        Parameters
        ----------
        spec : RankingSpec
        prints : mapping of str to int
            The living clusters by the fingerprints of their spikes.
        """
        best: tuple[list[int], NDArray[np.float32]] | None = None
        for path in self._places.pieces(self._kind, _SUFFIX):
            try:
                with np.load(io.BytesIO(read_whole(path, LARGEST)), allow_pickle=False) as file:
                    told = parse_json(file["info"].tobytes())
                    if told != self._told(spec, told["prints"]):
                        continue
                    places = [i for i, key in enumerate(told["prints"]) if key in prints]
                    if best is not None and len(places) <= len(best[0]):
                        continue
                    values = np.asarray(file["values"], np.float32)
                    n = len(told["prints"])
                    if values.shape != (n, n) or not np.isfinite(values).all():
                        raise ValueError(f"it holds values of the shape {values.shape}")
                    ids = [prints[told["prints"][i]] for i in places]
                    best = ids, values[np.ix_(places, places)]
            except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as e:
                log.warning("%s is not used: %s", path, e)
        return best

    def _told(self, spec: RankingSpec, prints: Sequence[str]) -> dict[str, object] | None:
        """What the similarities are of; None where a function has no version."""
        of = "phygui"
        if spec is not SIMILARITY:
            if not spec.requires:
                return None
            try:
                of = f"{spec.requires} {version(spec.requires)}"
            except PackageNotFoundError:
                return None
        try:
            data = self._data()
        except (DatasetError, OSError):
            return None
        ranking = f"{spec.name} of {of}"
        return {"version": VERSION, "data": data, "ranking": ranking, "prints": list(prints)}


def _is_too_large(n_clusters: int) -> bool:
    return n_clusters * (4 * n_clusters + _PER_CLUSTER) + _HEADERS > LARGEST


def _name(told: object) -> str:
    return hashlib.blake2b(json.dumps(told).encode(), digest_size=16).hexdigest()

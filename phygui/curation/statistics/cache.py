"""What was computed of clusters, kept beside the dataset for the next session.

A cluster is known by a fingerprint of its spikes, so that what is kept stays true under other ids
and in other clusterings; the data it was computed from, and how, by another one.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import math
import threading
import zipfile
import zlib
from collections.abc import Callable, Collection, Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import ClusterSummary, Metric
from phygui.analysis.metrics import metrics as all_metrics
from phygui.curation.statistics.cluster_statistics import Knowledge, Known, Learnt
from phygui.curation.statistics.metric_set import attribute_names
from phygui.curation.statistics.snapshot import ClusterStats, Snapshot, spikes_print
from phygui.curation.statistics.stats import Cancel, referring
from phygui.dataset import ShankData
from phygui.errors import DatasetError
from phygui.storage.arrays.npy import NOT_NPY
from phygui.storage.state.prepared import PreparedPlaces
from phygui.storage.state.state_files import make_folder, open_for_reading, parse_json, write_whole

log = logging.getLogger(__name__)

VERSION = 7
"""To be raised whenever stats are computed differently; a metric has a version of its own."""
N_OTHERS = 500
"""Clusters that are not there any more of which what is known is kept, at least."""

LARGEST = 1 << 27
"""Bytes that a file may have, and that all it holds may have when unpacked."""
_MOST_LISTED = 1 << 16

_SUMMARY = ("mean", "directions", "residual", "mean_waveform", "time_course", "position")
UNREADABLE = (
    *NOT_NPY,
    DatasetError,
    OSError,
    KeyError,
    IndexError,
    NotImplementedError,
    OverflowError,
    zipfile.BadZipFile,
    zlib.error,
)


def data_print(shank: ShankData) -> str:
    """A number for the data that stats are computed from, by samples of them: 32 digits."""
    digest = hashlib.blake2b(digest_size=16)
    told = [VERSION, shank.sample_rate, shank.channel_gains.tolist()]
    told += [shank.timeline.starts.tolist(), shank.timeline.lengths.tolist()]
    told += [shank.filter.low, shank.filter.high, shank.filter.order]
    n_features = 0 if shank.features is None else shank.features.n_features
    told += [n_features, shank.n_samples_before, shank.n_samples_waveforms]
    digest.update(json.dumps(told).encode())
    for values in (shank.spike_samples, shank.channels, shank.channel_positions):
        digest.update(np.ascontiguousarray(values).data)
    if shank.features is not None and shank.n_spikes:
        some = _some_of(shank.n_spikes)
        for read in shank.features.read(some):
            digest.update(np.ascontiguousarray(read).data)
    if shank.waveforms is None and shank.templates is not None:
        digest.update(b"templates %d" % len(shank.templates))
    if shank.waveforms is not None and shank.traces is not None:
        n_samples = shank.traces.shape[0]
        digest.update(b"%d" % n_samples)
        for start in np.linspace(0, max(0, n_samples - 16), 32).astype(np.int64):
            digest.update(np.ascontiguousarray(shank.traces[start : start + 16]).data)
    return digest.hexdigest()


def _some_of(n_spikes: int) -> np.ndarray:
    """Ids of up to 32 spikes, spread evenly; without np.unique, which would import numpy.ma."""
    return np.array(sorted({int(spike) for spike in np.linspace(0, n_spikes - 1, 32)}))


@dataclass(frozen=True)
class Basis:
    """What stats and metrics of a shank are computed from, and how.

    Attributes
    ----------
    data : str
        The fingerprint of the data; empty where they cannot be read.
    versions : mapping of str to int
        The version of each metric; of one of what the dataset holds of its spikes, a number for
        these.
    """

    data: str = ""
    versions: Mapping[str, int] = field(default_factory=dict)


def versions_of(shank: ShankData) -> dict[str, int]:
    """The version of each metric of a shank; what is stored of spikes is known by some of it."""
    found = versions()
    some = _some_of(max(shank.n_spikes, 1))
    for name, attribute in attribute_names(shank.attributes).items():
        try:
            values = shank.attributes[attribute].read(some[: shank.n_spikes])
        except (DatasetError, OSError) as error:
            log.warning("%s: %s", shank.path, error)
            continue
        digest = hashlib.blake2b(np.ascontiguousarray(values).data, digest_size=6)
        found[name] = 1 + int.from_bytes(digest.digest(), "big")
    return found


class StatsCache:
    """Stats and metrics of clusters of one channel group, in a file beside the dataset.

    What was computed ahead of all sessions is in pieces beside it, which are read as well.

    Parameters
    ----------
    folder : Path
        The state folder of the dataset.
    shank : ShankData
        The data of the channel group.
    root : Path, optional
        A folder for many datasets in which pieces are written, and looked for first.

    Attributes
    ----------
    places : PreparedPlaces
        Where the pieces are.
    """

    def __init__(self, folder: Path, shank: ShankData, root: Path | None = None) -> None:
        self.path = folder / f"statistics-{shank.channel_group}.npz"
        self.places = PreparedPlaces(folder, self.data_print, root)
        self._shank = shank
        self._lock = threading.Lock()
        self._data = ""
        self._versions: dict[str, int] = {}
        self._kept = -1

    def recall(
        self,
        knowledge: Knowledge,
        snapshot: Snapshot,
        known: Mapping[str, Known] | None = None,
        cancelled: Cancel = lambda: False,
    ) -> Learnt:
        """What is known of the clusters that are there; for any thread.

        Parameters
        ----------
        knowledge : Knowledge
            What is to learn it.
        snapshot : Snapshot
            The clusters that are there.
        known : mapping, optional
            What is known besides the file, by fingerprint.
        """
        found = {**self._read(), **(known or {})}
        stats, metrics, prints = {}, {}, {}
        if found:
            for cluster_id, spike_ids in snapshot.spikes_per_cluster.items():
                if cancelled():
                    return Learnt(knowledge)
                key = spikes_print(spike_ids)
                if key in found:
                    prints[cluster_id] = key
                    known_stats = found[key][0]
                    summary = referring(known_stats.summary, snapshot.shank, spike_ids)
                    stats[cluster_id] = replace(known_stats, summary=summary)
                    if found[key][1]:
                        metrics[cluster_id] = found[key][1]
        self._kept = len(stats) + sum(map(len, metrics.values()))
        return Learnt(knowledge, stats, metrics, prints, is_recalled=True)

    def keep(self, knowledges: Iterable[Knowledge]) -> Callable[[], None] | None:
        """What writes all that is known, for any thread; None if nothing is new since."""
        living: dict[str, Known] = {}
        others: dict[str, Known] = {}
        failed: set[str] = set()
        for knowledge in knowledges:
            failed |= knowledge.measures.metrics.failed
            for cluster_id, key in knowledge.prints.items():
                known = (knowledge.stats[cluster_id], knowledge.metrics.get(cluster_id, {}))
                (living if knowledge.is_living(cluster_id) else others)[key] = known
        n_known = sum(1 + len(m) for part in (living, others) for _, m in part.values())
        if not living or n_known == self._kept:
            return None
        self._kept = n_known
        n_located = self._shank.n_located

        def write() -> None:
            with self._lock:
                entries = {**living, **others}
                entries |= {k: v for k, v in self._read().items() if k not in entries}
                limit = len(living) + max(len(living), N_OTHERS)
                entries = dict(list(entries.items())[:limit])
                try:
                    data = self.data_print()
                    # Where other data has come in since, none of this was computed from it.
                    if self._shank.n_located == n_located:
                        make_folder(self.path.parent)
                        content = _fitting(data, entries, self.versions(), failed)
                        write_whole(self.path, content, lasts=False)
                except (DatasetError, OSError) as error:
                    log.warning("%s could not be written: %s", self.path, error)

        return write

    def data_print(self) -> str:
        """A number for the data that stats are computed from; some of them are read once."""
        if not self._data:
            self._data = data_print(self._shank)
        return self._data

    def versions(self) -> dict[str, int]:
        """The version of each metric; some of what is stored of spikes is read once for them."""
        if not self._versions:
            self._versions = versions_of(self._shank)
        return self._versions

    def write_piece(self, entries: Mapping[str, Known], failed: Collection[str] = ()) -> Path:
        """Keep what was computed of some clusters as a piece, by the fingerprints of their spikes.

        Its name follows from what it holds the results of: the clusters, the data and how; and
        which metrics could not be computed.

        Raises
        ------
        OSError, DatasetError
            If it cannot be written; then nothing is there.
        """
        data, known = self.data_print(), self.versions()
        told = {key: sorted((n, known.get(n, 0)) for n in m) for key, (_, m) in entries.items()}
        text = json.dumps([data, sorted(told.items()), sorted(failed)]).encode()
        name = hashlib.blake2b(text, digest_size=16).hexdigest()
        content = _fitting(data, entries, known, failed)
        return self.places.write(self.path.stem, ".npz", name, content)

    def _read(self) -> dict[str, Known]:
        """What the file and the pieces hold."""
        found: dict[str, Known] = {}
        for path in (*self.places.pieces(self.path.stem, ".npz"), self.path):
            for key, (stats, metrics) in self._read_one(path).items():
                found[key] = (stats, {**found[key][1], **metrics} if key in found else metrics)
        return found

    def _read_one(self, path: Path) -> dict[str, Known]:
        """What a file holds; nothing if it or the data is damaged, or it is of other data."""
        try:
            with open_for_reading(path, LARGEST) as file:
                return _decode(self.data_print(), unpacked(file), self.versions())
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except UNREADABLE as error:
            log.warning("%s is not used: %s", path, error)
            return {}


def _fitting(
    data: str,
    entries: Mapping[str, Known],
    known: Mapping[str, int],
    failed: Collection[str],
) -> bytes:
    """As many entries as may be read again, the first ones."""
    while True:
        arrays = _arrays(data, entries, known, failed)
        if sum(values.nbytes for values in arrays.values()) < LARGEST - _MOST_LISTED:
            buffer = io.BytesIO()
            np.savez_compressed(buffer, allow_pickle=False, **arrays)
            return buffer.getvalue()
        entries = dict(list(entries.items())[: len(entries) // 2])


def computing() -> str:
    """A number for how stats and metrics are computed now, as text."""
    told = json.dumps([VERSION, sorted(versions().items())])
    return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()


def versions() -> dict[str, int]:
    """The version of each metric but those of what a dataset holds of its spikes."""
    return {spec.name: spec.version for spec in all_metrics()}


def _arrays(
    data: str, entries: Mapping[str, Known], known: Mapping[str, int], failed: Collection[str]
) -> dict[str, NDArray[Any]]:
    stats = [known for known, _ in entries.values()]
    names = list(dict.fromkeys(name for _, metrics in entries.values() for name in metrics))
    reasons = [[m[n].reason if n in m else None for n in names] for _, m in entries.values()]
    values = [[m[n].value if n in m else np.nan for n in names] for _, m in entries.values()]
    info = {
        "version": VERSION,
        "data": data,
        "keys": list(entries),
        "metrics": names,
        "versions": [known.get(name, 0) for name in names],
        "reasons": reasons,
        "failed": [[name, known.get(name, 0)] for name in sorted(failed)],
    }
    arrays: dict[str, NDArray[Any]] = {
        "info": np.frombuffer(json.dumps(info).encode(), np.uint8),
        "metrics": np.array(values, np.float64).reshape(len(stats), len(names)),
        "best_channel": np.array([-1 if s.best_channel is None else s.best_channel for s in stats]),
        "n_spikes": np.array([s.summary.n_spikes for s in stats], np.int64),
    }
    for name in ("depth", "amplitude", "size"):
        found = [getattr(s, name) for s in stats]
        arrays[name] = np.array([np.nan if v is None else v for v in found], np.float64)
    for name in _SUMMARY:
        parts = {i: getattr(s.summary, name) for i, s in enumerate(stats)}
        parts = {i: part for i, part in parts.items() if part is not None}
        if parts:
            arrays[name] = np.stack(list(parts.values()))
            arrays[f"{name}_of"] = np.array(list(parts), np.int64)
    return arrays


def unpacked(file: BinaryIO, names: Container[str] | None = None) -> dict[str, NDArray[Any]]:
    """The arrays that a file holds, or some of them, as far as they are those of such a file."""
    # The end of an archive says how long its list of members is, which is read as a whole.
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - _MOST_LISTED))
    tail = file.read()
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or int.from_bytes(tail[end + 12 : end + 16], "little") > _MOST_LISTED:
        raise ValueError("it is not an archive of statistics")
    arrays = {}
    with zipfile.ZipFile(file) as archive:
        if sum(member.file_size for member in archive.infolist()) > LARGEST:
            raise ValueError(f"it would take more than {LARGEST} bytes of memory")
        for member in archive.infolist():
            name = member.filename.removesuffix(".npy")
            if names is not None and name not in names:
                continue
            with archive.open(member) as part:
                content = part.read(LARGEST)
            arrays[name] = _array(content)
    return arrays


def _array(content: bytes) -> NDArray[Any]:
    """The array that a member holds; one that would be larger than the member is refused."""
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }[version]
    shape, in_columns, dtype = read(file)
    if dtype.hasobject or dtype.kind not in "iuf":
        raise ValueError(f"it holds {dtype}, not numbers")
    n = math.prod(shape)
    if n * dtype.itemsize != len(content) - file.tell():
        raise ValueError(f"an array of the shape {shape} does not fit into its bytes")
    values = np.frombuffer(content, dtype, n, file.tell())
    return values.reshape(shape, order="F" if in_columns else "C")


def _decode(
    data: str, arrays: Mapping[str, NDArray[Any]], known: Mapping[str, int]
) -> dict[str, Known]:
    info = parse_json(arrays["info"].tobytes())
    if not isinstance(info, dict) or info["data"] != data:
        return {}
    keys, names = [str(key) for key in info["keys"]], [str(name) for name in info["metrics"]]
    is_valid = are_current(info, known)
    parts: list[dict[str, Any]] = [{} for _ in keys]
    for name in _SUMMARY:
        if name in arrays:
            for i, part in zip(arrays[f"{name}_of"].tolist(), arrays[name], strict=True):
                parts[i][name] = part
    columns = [arrays[n].tolist() for n in ("best_channel", "depth", "amplitude", "size")]
    counts, values = arrays["n_spikes"].tolist(), arrays["metrics"].tolist()
    entries = {}
    rows = zip(keys, *columns, counts, values, info["reasons"], parts, strict=True)
    for key, channel, depth, amplitude, size, n_spikes, numbers, words, part in rows:
        stats = ClusterStats(
            best_channel=None if channel < 0 else int(channel),
            depth=None if np.isnan(depth) else depth,
            amplitude=None if np.isnan(amplitude) else amplitude,
            size=size,
            summary=ClusterSummary(n_spikes, **part),
        )
        metrics = {
            name: Metric(value, str(word))
            for name, value, word, valid in zip(names, numbers, words, is_valid, strict=True)
            if valid and word is not None
        }
        entries[key] = (stats, metrics)
    return entries


def are_current(info: Mapping[str, Any], current: Mapping[str, int]) -> list[bool]:
    """Of each metric that a file holds, whether it is still one and still computed like that."""
    names = info["metrics"]
    kept = info.get("versions", [1] * len(names))
    return [current.get(str(n)) == version for n, version in zip(names, kept, strict=True)]

"""What was computed of clusters, kept beside the dataset for the next session.

A cluster is known by a fingerprint of its spikes, so that what is kept stays true under other ids
and in other clusterings; the data it was computed from, and how, by another one.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import ClusterSummary, Metric
from phygui.curation.knowledge import Knowledge, Known, Learnt
from phygui.curation.snapshot import Snapshot, spikes_print
from phygui.curation.stats import Cancel, ClusterStats
from phygui.io.errors import KwikError
from phygui.io.kwik import KwikModel
from phygui.io.state_folder import write_whole

log = logging.getLogger(__name__)

VERSION = 1
"""To be raised whenever stats or metrics are computed differently."""
N_OTHERS = 500
"""Clusters that are not there any more of which what is known is kept, at least."""

_SUMMARY = ("mean", "directions", "residual", "mean_waveform", "time_course")
_UNREADABLE = (
    KwikError,
    OSError,
    ValueError,
    KeyError,
    TypeError,
    IndexError,
    EOFError,
    MemoryError,
    NotImplementedError,
    zipfile.BadZipFile,
    zlib.error,
)


def data_print(model: KwikModel) -> str:
    """A number for the data that stats are computed from, by samples of them: 32 digits."""
    digest = hashlib.blake2b(digest_size=16)
    told = [VERSION, model.sample_rate, model.duration, model.channel_gains.tolist()]
    told += [model.filter.low, model.filter.high, model.filter.order]
    told += [model.n_features_per_channel, model.n_samples_before, model.n_samples_waveforms]
    digest.update(json.dumps(told).encode())
    for values in (model.spike_samples, model.channel_order, model.channel_positions):
        digest.update(np.ascontiguousarray(values).data)
    if model.features is not None and model.masks is not None and model.n_spikes:
        some = np.unique(np.linspace(0, model.n_spikes - 1, 32).astype(np.int64))
        digest.update(np.ascontiguousarray(model.features[some]).data)
        digest.update(np.ascontiguousarray(model.masks[some]).data)
    if model.waveforms is not None and model.traces is not None:
        n_samples = model.traces.shape[0]
        digest.update(b"%d" % n_samples)
        for start in np.linspace(0, max(0, n_samples - 16), 32).astype(np.int64):
            digest.update(np.ascontiguousarray(model.traces[start : start + 16]).data)
    return digest.hexdigest()


class StatsCache:
    """Stats and metrics of clusters of one channel group, in a file beside the dataset.

    Parameters
    ----------
    folder : Path
        The state folder of the dataset.
    model : KwikModel
        The data of the channel group.
    """

    def __init__(self, folder: Path, model: KwikModel) -> None:
        self.path = folder / f"statistics-{model.channel_group}.npz"
        self._model = model
        self._lock = threading.Lock()
        self._data = ""
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
                    stats[cluster_id] = found[key][0]
                    if found[key][1]:
                        metrics[cluster_id] = found[key][1]
        self._kept = len(stats) + len(metrics)
        return Learnt(knowledge, stats, metrics, prints, is_recalled=True)

    def keep(self, knowledges: Iterable[Knowledge]) -> Callable[[], None] | None:
        """What writes all that is known, for any thread; None if nothing is new since."""
        living: dict[str, Known] = {}
        others: dict[str, Known] = {}
        for knowledge in knowledges:
            for cluster_id, key in knowledge.prints.items():
                known = (knowledge.stats[cluster_id], knowledge.metrics.get(cluster_id, {}))
                (living if knowledge.is_living(cluster_id) else others)[key] = known
        n_known = sum(1 + bool(m) for part in (living, others) for _, m in part.values())
        if not living or n_known == self._kept:
            return None
        self._kept = n_known
        n_located = self._model.n_located

        def write() -> None:
            with self._lock:
                entries = {**living, **others}
                entries |= {k: v for k, v in self._read().items() if k not in entries}
                limit = len(living) + max(len(living), N_OTHERS)
                entries = dict(list(entries.items())[:limit])
                try:
                    data = self._print()
                    # Where other data has come in since, none of this was computed from it.
                    if self._model.n_located == n_located:
                        write_whole(self.path, _encode(data, entries), lasts=False)
                except (KwikError, OSError) as error:
                    log.warning("%s could not be written: %s", self.path, error)

        return write

    def _print(self) -> str:
        if not self._data:
            self._data = data_print(self._model)
        return self._data

    def _read(self) -> dict[str, Known]:
        """What the file holds; nothing if it or the data is damaged, or it is of other data."""
        try:
            if not self.path.exists():
                return {}
            with np.load(self.path, allow_pickle=False) as arrays:
                return _decode(self._print(), arrays)
        except _UNREADABLE as error:
            log.warning("%s is not used: %s", self.path, error)
            return {}


def _encode(data: str, entries: Mapping[str, Known]) -> bytes:
    stats = [known for known, _ in entries.values()]
    names = list(dict.fromkeys(name for _, metrics in entries.values() for name in metrics))
    reasons = [[m[n].reason if n in m else None for n in names] for _, m in entries.values()]
    values = [[m[n].value if n in m else np.nan for n in names] for _, m in entries.values()]
    info = {"data": data, "keys": list(entries), "metrics": names, "reasons": reasons}
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
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _decode(data: str, arrays: Mapping[str, NDArray[Any]]) -> dict[str, Known]:
    info = json.loads(arrays["info"].tobytes())
    if info["data"] != data:
        return {}
    keys, names = [str(key) for key in info["keys"]], [str(name) for name in info["metrics"]]
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
            for name, value, word in zip(names, numbers, words, strict=True)
            if word is not None
        }
        entries[key] = (stats, metrics)
    return entries

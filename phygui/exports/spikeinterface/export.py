"""A folder for SpikeInterface: the curated sorting, the sorter's own, and what leads there."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.dataset import ClusteringState, Dataset, Key, ShankData
from phygui.exports.curation import Curation, ShankCuration
from phygui.exports.spec import ExportSpec
from phygui.exports.spikeinterface.sorting import spike_vector, write_sorting
from phygui.exports.work import Work
from phygui.formats.spikeinterface.curation_json import (
    GROUP_LABEL,
    UnitId,
    curation_json,
    marked,
)
from phygui.formats.spikeinterface.store import REMOVED, AnalyzerClusterings
from phygui.formats.spikeinterface.units import UnitNumbers
from phygui.words import plain

_ORIGINAL = "original"
"""What formats call the sorter's own clustering, where they keep it."""
_TAKEN = ("group", "cluster_id")
"""Properties that no label or metric is called by: `group` is that of channels there."""


@dataclass(frozen=True)
class _Clusters:
    """Clusters of all shanks, numbered through.

    Attributes
    ----------
    shanks : tuple of ShankCuration
    clusters : tuple of (int, int)
        Place of the shank, and cluster.
    known : UnitNumbers, optional
        What an analyzer calls them.
    """

    shanks: tuple[ShankCuration, ...]
    clusters: tuple[tuple[int, int], ...]
    known: UnitNumbers | None

    @cached_property
    def units(self) -> list[UnitId]:
        """What they are called: their numbers; with several shanks as text, which one too."""
        if self.known is not None:
            return [self.known.unit_of(cluster_id) for _, cluster_id in self.clusters]
        if len(self.shanks) == 1:
            return [cluster_id for _, cluster_id in self.clusters]
        return [f"{self.shanks[place].channel_group}-{c}" for place, c in self.clusters]

    @cached_property
    def numbers(self) -> dict[tuple[int, int], int]:
        """Number of each cluster."""
        return {cluster: number for number, cluster in enumerate(self.clusters)}

    def of_spikes(self, place: int, spike_clusters: NDArray[np.int32]) -> NDArray[np.int32]:
        """Numbers of the clusters of spikes of a shank."""
        ids = np.array([c for p, c in self.clusters if p == place], np.int32)
        numbers = np.array([self.numbers[place, c] for c in ids.tolist()], np.int32)
        found: NDArray[np.int32] = numbers[np.searchsorted(ids, spike_clusters)]
        return found


def write(curation: Curation, path: Path, options: Mapping[str, Any], work: Work) -> None:
    """Write ``sorting``, ``original`` and ``curation.json`` into a folder at a path."""
    shanks = curation.shanks
    path.mkdir()
    work.step(0.0, "the sorter's clusters")
    states = [_original(curation.dataset, (s.channel_group, s.clustering)) for s in shanks]
    before = [state.spike_clusters for state in states]
    after = [_spike_clusters(shank) for shank in shanks]
    store = curation.dataset.clusterings
    known = store.units if isinstance(store, AnalyzerClusterings) else None
    olds_of = [set(np.unique(of).tolist()) for of in before]
    if known is not None and len(shanks) == len(curation.dataset.channel_groups):
        # Units without spikes too: a curation has to name all that the sorting has.
        olds_of[0] |= set(known.clusters).difference(*olds_of)
    old = _numbered(shanks, olds_of, known)
    new = _numbered(shanks, [set(of.spikes_per_cluster) for of in shanks], known)
    data = [shank.data for shank in shanks]
    segments = np.concatenate([_segments(of) for of in data])
    samples = np.concatenate([_samples(of) for of in data])
    olds = np.concatenate([old.of_spikes(i, of) for i, of in enumerate(before)])
    news = np.concatenate([new.of_spikes(i, of) for i, of in enumerate(after)])
    # In the order of time: that is how SpikeInterface counts the spikes of a unit.
    if not _is_ordered(segments, samples):
        order = np.lexsort((samples, segments))
        segments, samples, olds, news = (of[order] for of in (segments, samples, olds, news))

    work.step(0.4, "the sorter's sorting")
    annotations = _annotations(curation)
    place = np.array([p for p, _ in old.clusters], np.int64)
    groups = np.array([shank.channel_group for shank in shanks], np.int64)
    write_sorting(
        path / "original",
        spike_vector(segments, samples, olds),
        old.units,
        sample_rate=data[0].sample_rate,
        n_segments=data[0].timeline.n_recordings,
        properties={"group": groups[place]},
        annotations=annotations,
    )

    work.step(0.6, "the sorting")
    left_out = {None, REMOVED} if known is not None else {None}
    kept = [n for n, (p, c) in enumerate(new.clusters) if shanks[p].groups.get(c) not in left_out]
    row = np.full(len(new.clusters), -1, np.int32)
    row[kept] = np.arange(len(kept))
    rows = row[news]
    exported = rows >= 0
    write_sorting(
        path / "sorting",
        spike_vector(segments[exported], samples[exported], rows[exported]),
        [new.units[n] for n in kept],
        sample_rate=data[0].sample_rate,
        n_segments=data[0].timeline.n_recordings,
        properties=_properties([(shanks[p], c) for p, c in (new.clusters[n] for n in kept)]),
        annotations=annotations,
    )

    work.step(0.8, "the curation")
    found = {n: (shanks[new.clusters[n][0]], new.clusters[n][1]) for n in kept}
    keys = dict.fromkeys(key for shank in shanks for key in shank.labels)
    made = curation_json(
        old.units,
        olds,
        news,
        dict(enumerate(new.units)),
        {n: shank.group(c) for n, (shank, c) in found.items()},
        {
            key: {n: s.labels[key][c] for n, (s, c) in found.items() if c in s.labels.get(key, {})}
            for key in keys
        },
        group_names=dict.fromkeys(of for shank in shanks for of in shank.group_names.values()),
        removed=set(range(len(new.clusters))) - set(kept),
    )
    (path / "curation.json").write_text(json.dumps(made, indent=1), encoding="utf-8")


def _original(dataset: Dataset, key: Key) -> ClusteringState:
    """What the sorter found: as the format keeps it, or before the first save, or as stored."""
    store = dataset.clusterings
    first = key[0], _ORIGINAL
    if _ORIGINAL in store.names(key[0]) and store.is_protected(first):
        return store.read(first)
    unedited = store.unedited()
    if unedited is not None and key in unedited.all_keys():
        return unedited.read(key)
    return store.read(key)


def _spike_clusters(shank: ShankCuration) -> NDArray[np.int32]:
    """Cluster of every spike of a shank, whether exported or not."""
    found = np.empty(shank.data.n_spikes, np.int32)
    for cluster_id, spike_ids in shank.spikes_per_cluster.items():
        found[spike_ids] = cluster_id
    return found


def _numbered(
    shanks: tuple[ShankCuration, ...],
    clusters: Sequence[Collection[int]],
    known: UnitNumbers | None,
) -> _Clusters:
    pairs = [(i, c) for i, of in enumerate(clusters) for c in sorted(of)]
    return _Clusters(shanks, tuple(pairs), known)


def _is_ordered(segments: NDArray[np.int32], samples: NDArray[np.int64]) -> bool:
    later, same = segments[1:] > segments[:-1], segments[1:] == segments[:-1]
    return bool(np.all(later | (same & (samples[1:] >= samples[:-1]))))


def _segments(shank: ShankData) -> NDArray[np.int32]:
    """Recording of each spike: it is a segment."""
    return np.asarray(shank.spike_recordings).astype(np.int32)


def _samples(shank: ShankData) -> NDArray[np.int64]:
    """Sample of each spike from the start of its recording."""
    starts = shank.timeline.starts[_segments(shank)]
    samples: NDArray[np.int64] = np.asarray(shank.spike_samples).astype(np.int64) - starts
    return samples


def _properties(kept: list[tuple[ShankCuration, int]]) -> dict[str, NDArray[Any]]:
    """Group, labels and metrics of the units, in their order."""
    found: dict[str, NDArray[Any]] = {
        GROUP_LABEL: np.array([shank.group(c) for shank, c in kept], str),
        "group": np.array([shank.channel_group for shank, _ in kept], np.int64),
        "cluster_id": np.array([c for _, c in kept], np.int64),
    }
    for key in dict.fromkeys(key for shank, _ in kept for key in shank.labels):
        texts = [shank.labels.get(key, {}).get(c, "") for shank, c in kept]
        if any(texts):
            found[f"label:{key}" if key in _TAKEN else marked(key)] = np.array(texts, str)
    for name in dict.fromkeys(name for shank, _ in kept for name in shank.columns):
        columns = [shank.columns.get(name) for shank, _ in kept]
        values = np.array(
            [
                np.nan if column is None else column.values.get(c, np.nan)
                for column, (_, c) in zip(columns, kept, strict=True)
            ],
            np.float64,
        )
        if not np.isnan(values).all():
            found[f"metric:{name}" if name in found else name] = values
    return found


def _annotations(curation: Curation) -> dict[str, Any]:
    of, data = curation.provenance, curation.shanks[0].data
    return {
        "name": plain(curation.path.name),
        "source": plain(of.source),
        "written_by": f"{of.program} {of.version}",
        "written_at": of.date.isoformat(timespec="seconds"),
        "user": of.user,
        "clustering": curation.shanks[0].clustering,
        "segment_starts_s": (data.timeline.starts / data.sample_rate).tolist(),
    }


EXPORT = ExportSpec(
    "spikeinterface",
    "SpikeInterface",
    "",
    "A folder with the sorting, the sorter's own one, and a curation that leads from one to the "
    "other.",
    write,
)

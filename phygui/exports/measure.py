"""What is known of the clusters that are exported: computed where it is not, and as columns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from phygui.analysis import MetricSpec
from phygui.curation.navigation import columns as listed
from phygui.curation.opened import Curation
from phygui.curation.shown import Shown
from phygui.curation.statistics.cache import StatsCache
from phygui.curation.statistics.cluster_statistics import Learnt
from phygui.curation.statistics.measuring.pieces import Steps
from phygui.curation.statistics.ranking_spec import QUALITY, SIMILARITY
from phygui.curation.statistics.snapshot import spikes_print
from phygui.curation.statistics.stats import stats_steps
from phygui.curation.suggestions.kept import SuggestionsFile
from phygui.exports.curation import Column
from phygui.exports.work import Work

_NO_COLUMNS = ("id", "group", "labels")
"""Columns of the cluster table that are no numbers known of a cluster."""
_UNITS = {"depth": "µm"}


def complete(shown: Shown, cluster_ids: Sequence[int], cache: StatsCache, work: Work) -> None:
    """Have stats and all metrics of some clusters: known, kept beside the dataset, or computed."""
    knowledge, snapshot = shown.knowledge, shown.snapshot()
    names = knowledge.measures.metrics.names

    def lacking(cluster_id: int) -> frozenset[str]:
        return names.difference(knowledge.metrics.get(cluster_id, ()))

    if any(c not in knowledge.stats or lacking(c) for c in cluster_ids):
        knowledge.add(cache.recall(knowledge, snapshot, knowledge.known(), work.cancelled))
    unknown = [c for c in cluster_ids if c not in knowledge.stats]
    half = work.part(0.0, 0.4 if unknown else 0.0)
    stats = dict(_done(stats_steps(snapshot, unknown), len(unknown), half, "mean waveforms"))
    prints = {c: spikes_print(snapshot.spikes(c)) for c in stats}
    knowledge.add(Learnt(knowledge, stats, prints=prints))
    alike: dict[frozenset[str], list[int]] = defaultdict(list)
    for cluster_id in cluster_ids:
        alike[lacking(cluster_id)].append(cluster_id)
    alike.pop(frozenset(), None)
    source, n_done = knowledge.source(snapshot), 0
    rest, n = work.part(0.4 if unknown else 0.0, 1.0), sum(map(len, alike.values()))
    for missing, ids in alike.items():
        part = rest.part(n_done / n, (n_done + len(ids)) / n)
        steps = source.steps(snapshot, {c: knowledge.stats[c] for c in ids}, missing)
        knowledge.add(Learnt(knowledge, metrics=dict(_done(steps, len(ids), part, "metrics"))))
        n_done += len(ids)
    source.rest()


def find_partners(opened: Curation, shown: Shown, kept: SuggestionsFile, work: Work) -> None:
    """Have all that the quality of a cluster goes by: which others may be parts of its unit.

    Metrics of all clusters have to be known.
    """
    knowledge, suggestions = opened.knowledge, opened.suggestions
    living, measures = shown.spikes_per_cluster, knowledge.measures
    if measures.quality_spec is not QUALITY or all(
        knowledge.partners.of(c, living) is not None for c in living
    ):
        return
    snapshot = shown.snapshot()
    if measures.similarity_spec is SIMILARITY:
        suggestions.add(suggestions.recall(kept.read(), snapshot))
    while job := (
        suggestions.job(snapshot)
        or suggestions.join_job(snapshot)
        or suggestions.isolation_job(snapshot)
    ):
        n_done, n = suggestions.progress()
        work.step(n_done / n, "clusters that may be one unit")
        suggestions.add(job(work.cancelled))


def _done(steps: Steps[Any], n: int, work: Work, what: str) -> list[Any]:
    found: list[Any] = []
    for result in steps:
        if result is not None:
            found.append(result)
        work.step(len(found) / n if n else 1.0, what)
    return found


def table_columns(shown: Shown, cluster_ids: Sequence[int]) -> dict[str, Column]:
    """The columns of the cluster table, other than id, group and labels, by their names."""
    specs = shown.measures.metrics.specs
    found = {}
    for column in listed.columns(specs.values()):
        if column.name in _NO_COLUMNS:
            continue
        spec = specs.get(column.name)
        scale, unit = _scale_and_unit(column, spec, shown)
        values = dict(zip(cluster_ids, column.values(shown, cluster_ids), strict=True))
        known = {c: scale(value) for c, value in values.items() if value is not None}
        are_integers = column.name in ("n_spikes", "channel")
        found[column.name] = Column(
            column.name,
            spec.label if spec is not None else column.title,
            unit,
            column.tip_for(shown),
            np.dtype(np.int64 if are_integers else np.float64),
            known,
        )
    return found


def _scale_and_unit(
    column: listed.Column, spec: MetricSpec | None, shown: Shown
) -> tuple[Callable[[Any], Any], str]:
    if spec is not None:
        factor, unit = spec.scale, spec.unit
        return (lambda value: value * factor), unit
    unit = shown.shank.voltage_unit if column.is_voltage else _UNITS.get(column.name, "")
    return (lambda value: value), unit

"""What clusters are listed, sorted and filtered by: the columns of tables, each declared once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from keyword import iskeyword
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import MIN_SPIKES, ClusterData, Metric, MetricSpec
from phygui.analysis.metrics import metrics
from phygui.curation.navigation.wizard import Ranking
from phygui.curation.statistics.cluster_statistics import Knowledge
from phygui.curation.statistics.ranking_functions import Measures
from phygui.curation.statistics.ranking_spec import QUALITY, Kind
from phygui.curation.statistics.ranking_spec import SIMILARITY as RANKED_BY_SIMILARITY
from phygui.curation.statistics.snapshot import ClusterStats
from phygui.dataset import ShankData, why_absent

DASH = "–"
NOT_YET = "…"
"""What stands for a value that is still to be computed."""
LONG_LABEL = 12
"""Characters from which a label may be cut."""
TO_COME = "not computed yet"
NO_DATA = "there are neither features nor raw data"


class ClusterSource(Protocol):
    """Where columns take their values from: what is shown of a session, or the session itself."""

    @property
    def shank(self) -> ShankData: ...
    @property
    def spikes_per_cluster(self) -> Mapping[int, NDArray[np.int64]]: ...
    @property
    def stats(self) -> Mapping[int, ClusterStats]: ...
    @property
    def metrics(self) -> Mapping[int, Mapping[str, Metric]]: ...
    @property
    def knowledge(self) -> Knowledge: ...
    @property
    def measures(self) -> Measures: ...
    @property
    def group_names(self) -> Mapping[int, str]: ...
    def group_of(self, cluster_id: int, /) -> str: ...
    def labels_of(self, cluster_id: int, /) -> Mapping[str, str]: ...
    def similar(self) -> Ranking: ...
    def similarity_of(self, cluster_id: int, /) -> float | None: ...


@dataclass(frozen=True)
class Column:
    """One column: what it is called, where its value comes from, and how it is written."""

    name: str
    title: str
    tip: str
    value: Callable[[ClusterSource, int], Any]
    """The value for sorting and filtering; None where it is not known or not defined."""
    form: str = ""
    """Format specification of the value."""
    widest: str = ""
    """A text that the column must be wide enough for before its values are known."""
    ascending: bool = False
    """The direction of the first click on the header."""
    hidden: bool = False
    """Whether it shows only when the user asks for it."""
    gives_way: int = 0
    """Its turn to go where there is no room for all columns, the smallest first; 0 if it never
    goes."""
    reason: Callable[[ClusterSource, int], str] = lambda _, __: ""
    """Why the value of a cluster is not known, for its tooltip."""
    explain: Callable[[ClusterSource, int], str] = lambda _, __: ""
    """What a value that is known is made of, for its tooltip."""
    is_label: bool = False
    """Whether it shows the labels with one key, and is there as long as any cluster has one."""
    is_voltage: bool = False
    """Whether its values are in the dataset's unit of voltages."""
    lookup: Callable[[ClusterSource], Mapping[int, Any]] | None = None
    """Values of all clusters at once, where that is faster than one by one."""
    unknown_by: Callable[[ClusterSource, int], float] | None = None
    """What clusters whose value is not known are sorted by; all of them come last."""
    ranking: Kind | None = None
    """Which of the rankings it shows, whose function may be the user's own."""
    alarming: float | None = None
    """From where on a value is written in red; None if none is."""

    def values(self, source: ClusterSource, cluster_ids: Sequence[int]) -> list[Any]:
        """The values of some clusters.

        None where a cluster is gone: a table learns one after the other what an edit changes.
        """
        living, value = source.spikes_per_cluster, self.value
        if self.lookup is not None and len(cluster_ids) > 1:
            found = self.lookup(source)
            return [found.get(c) if c in living else None for c in cluster_ids]
        return [value(source, c) if c in living else None for c in cluster_ids]

    def compared(self, source: ClusterSource, cluster_id: int) -> Any:
        """What a filter takes for a cluster's value: a label that a cluster lacks is empty text."""
        value = self.values(source, [cluster_id])[0]
        return "" if value is None and self.is_label else value

    def about(self, source: ClusterSource, cluster_id: int) -> str:
        """What is to be said of a cluster's value: what it is made of, or why there is none."""
        known = self.values(source, [cluster_id])[0] is not None
        return (self.explain if known else self.reason)(source, cluster_id)

    def tip_for(self, source: ClusterSource) -> str:
        """What the column holds, for voltages in which unit, and for a ranking by what."""
        if self.ranking == "quality":
            return source.measures.quality_spec.help
        if self.ranking == "similarity":
            return source.measures.similarity_spec.help
        return f"{self.tip}, {source.shank.voltage_unit}" if self.is_voltage else self.tip

    def text_of(self, source: ClusterSource, cluster_id: int, value: Any) -> str:
        """The value of a cluster as it is written; what is to come differs from what is not."""
        is_to_come = value is None and self.reason(source, cluster_id) == TO_COME
        return NOT_YET if is_to_come else self.text(value)

    def text(self, value: Any) -> str:
        """The value as it is written; a dash where there is none."""
        if value is None:
            return DASH
        if self.is_label:
            return _shortened(value)
        return format(value, self.form) if self.form else str(value)

    def copied(self, value: Any) -> str:
        """The value as a spreadsheet takes it: numbers as such, one cell, or nothing.

        A share in percent is one from 0 to 1.
        """
        if value is None:
            return ""
        if isinstance(value, float | np.floating):
            return format(value, ".9g")
        return " ".join(str(value).split())


def _stat(name: str) -> Callable[[ClusterSource, int], Any]:
    def value(source: ClusterSource, cluster_id: int) -> Any:
        stats = source.stats.get(cluster_id)
        return None if stats is None else getattr(stats, name)

    return value


def _no_stat(otherwise: str) -> Callable[[ClusterSource, int], str]:
    """Why a statistic is not known: it is to come, or there is nothing to compute it from."""
    return lambda source, c: otherwise if c in source.stats else TO_COME


def _metric(spec: MetricSpec) -> Callable[[ClusterSource, int], float | None]:
    def value(source: ClusterSource, cluster_id: int) -> float | None:
        known = source.metrics.get(cluster_id, {})
        if spec.is_instant and spec.name not in known:
            data = ClusterData(
                n_spikes=_n_spikes(source, cluster_id), duration=source.shank.duration
            )
            known = source.measures.metrics.measure((spec.name,), data)
        metric = known.get(spec.name)
        return metric.value if metric is not None and metric.is_defined else None

    return value


def _reason(name: str) -> Callable[[ClusterSource, int], str]:
    def reason(source: ClusterSource, cluster_id: int) -> str:
        metric = source.metrics.get(cluster_id, {}).get(name)
        if metric is not None:
            return metric.reason
        return source.measures.metrics.why_failed(name) or TO_COME

    return reason


def _metric_column(spec: MetricSpec) -> Column:
    """The column of a metric, all of which follows from how it is declared."""
    return Column(
        spec.name,
        spec.title,
        spec.help,
        _metric(spec),
        spec.form,
        "" if spec.is_instant else "88.8%" if spec.form.endswith("%") else "88.8",
        hidden=spec.is_hidden,
        reason=_reason(spec.name),
        gives_way=spec.gives_way,
        alarming=spec.alarming,
    )


def _quality(source: ClusterSource, cluster_id: int) -> float | None:
    found = source.knowledge.quality_of(cluster_id)
    return None if found is None else found.value


def _quality_parts(source: ClusterSource, cluster_id: int) -> str:
    found = source.knowledge.quality_of(cluster_id)
    if found is None or not found.parts:
        return ""
    parts = "\n".join(f"• {part.in_words()}" for part in found.parts)
    return f"likely agreement with one neuron {found.value:.2f}\n{parts}"


def _amplitude(source: ClusterSource, cluster_id: int) -> float | None:
    if _n_spikes(source, cluster_id) < MIN_SPIKES:
        return None
    found: float | None = _stat("amplitude")(source, cluster_id)
    return found


def _no_amplitude(source: ClusterSource, cluster_id: int) -> str:
    stats = source.stats.get(cluster_id)
    has_one = source.shank.traces is not None if stats is None else stats.amplitude is not None
    if has_one and _n_spikes(source, cluster_id) < MIN_SPIKES:
        return f"with fewer than {MIN_SPIKES} spikes, the mean waveform would be mostly noise"
    why = why_absent(source.shank, "traces")
    return _no_stat(f"there is no raw data: {why}")(source, cluster_id)


def _n_spikes(source: ClusterSource, cluster_id: int) -> int:
    return len(source.spikes_per_cluster.get(cluster_id, ()))


def _labels(source: ClusterSource, cluster_id: int) -> str:
    return ", ".join(f"{k}={v}" for k, v in sorted(source.labels_of(cluster_id).items()))


QUALITY_ORDER = 25
"""Metrics of a smaller order stand before the quality."""

_COUNTS = (
    Column("id", "id", "cluster id", lambda s, c: c, ascending=True),
    Column("group", "group", "cluster group", lambda s, c: s.group_of(c), ascending=True),
    Column("n_spikes", "spikes", "number of spikes", _n_spikes, ",d"),
)
_PLACES = (
    Column(
        "channel",
        "ch",
        "best channel: the one with the largest mean waveform, or without raw data the "
        "largest mean masked feature",
        _stat("best_channel"),
        widest="88",
        ascending=True,
        reason=_no_stat(NO_DATA),
        gives_way=4,
    ),
    Column(
        "depth",
        "depth",
        "depth of the best channel on the probe, µm",
        _stat("depth"),
        ".0f",
        reason=_no_stat(NO_DATA),
        gives_way=1,
    ),
    Column(
        "amplitude",
        "ampl.",
        "amplitude of the spikes: peak of the mean waveform on the best channel",
        _amplitude,
        ".0f",
        "888",
        reason=_no_amplitude,
        gives_way=3,
        is_voltage=True,
    ),
)
_QUALITY = Column(
    "quality",
    "qual.",
    QUALITY.help,
    _quality,
    ".2f",
    "0.88",
    reason=lambda _, __: TO_COME,
    explain=_quality_parts,
    unknown_by=lambda s, c: -_n_spikes(s, c),
    ranking="quality",
)
_LABELS = Column("labels", "labels", "labels, key=value", _labels, ascending=True, hidden=True)
SIMILARITY = Column(
    "similarity",
    "sim.",
    RANKED_BY_SIMILARITY.help,
    lambda s, c: s.similarity_of(c),
    ".3f",
    lookup=lambda s: dict(s.similar()),
    ranking="similarity",
)


def columns(specs: Iterable[MetricSpec] | None = None) -> tuple[Column, ...]:
    """The columns of the cluster table: what is known of a cluster, and its metrics.

    Parameters
    ----------
    specs : iterable of MetricSpec, optional
        The metrics; by default all that there are.
    """
    every = sorted(metrics() if specs is None else specs, key=lambda spec: spec.order)
    instant = [_metric_column(s) for s in every if s.is_instant]
    left = [_metric_column(s) for s in every if not s.is_instant and s.order < QUALITY_ORDER]
    right = [_metric_column(s) for s in every if not s.is_instant and s.order >= QUALITY_ORDER]
    return (*_COUNTS, *instant, *_PLACES, *left, _QUALITY, *right, _LABELS)


def label_columns(keys: Iterable[str]) -> list[Column]:
    """The columns of the labels with these keys, one of each, all named differently.

    A column is named by its key, so that a filter may read ``region == "CA1"``. Where another
    column is called so, or the key is no word, it is ``label_`` and the key with ``_`` for what no
    word holds, and a number where that is the name of another one too.
    """
    found = dict.fromkeys(keys, "")
    taken = {*(column.name for column in columns()), SIMILARITY.name}
    # A filter takes letters that look alike for the same, as Python does.
    words = {k for k in found if k.isidentifier() and not iskeyword(k) and k == _plain(k)}
    for key in sorted(found, key=lambda k: k not in words):
        name = key
        if key not in words or name in taken:
            name = stem = "label_" + re.sub(r"\W", "_", _plain(key))
            numbers = count(2)
            while name in taken:
                name = f"{stem}_{next(numbers)}"
        found[key] = name
        taken.add(name)
    return [_label_column(key, name) for key, name in found.items()]


def _plain(key: str) -> str:
    return unicodedata.normalize("NFKC", key)


def _in_lines(text: str) -> str:
    """A text that a cell has no room for, on lines of its own; empty for a short one."""
    if len(text) < LONG_LABEL and "\n" not in text:
        return ""
    return f"\n{text}" if "\n" in text else text


LONG_NUMBER = re.compile(r"[-+]?\d+\.\d{3,}(e[-+]?\d+)?")
"""A number as a program writes it that means no digit in particular: `0.00024271844660194174`."""


def _shortened(text: str) -> str:
    """A label as a cell shows it: four digits of a long number are what one reads."""
    return f"{float(text):.4g}" if LONG_NUMBER.fullmatch(text) else text


def _label_column(key: str, name: str) -> Column:
    return Column(
        name,
        key,
        f"label {key}",
        lambda s, c: s.labels_of(c).get(key),
        # A row shows one line of it, and that cut where the column is narrow.
        explain=lambda s, c: _in_lines(s.labels_of(c).get(key, "")),
        ascending=True,
        gives_way=-1,
        is_label=True,
    )

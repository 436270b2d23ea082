"""The columns of the cluster tables, each declared once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from keyword import iskeyword
from typing import Any

from phygui.analysis import MIN_SPIKES
from phygui.curation.session import Session
from phygui.views.core.loading import why_absent

DASH = "–"
NO_DATA = "there are neither features nor raw data"


@dataclass(frozen=True)
class Column:
    """One column: what it is called, where its value comes from, and how it is written."""

    name: str
    title: str
    tip: str
    value: Callable[[Session, int], Any]
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
    """Its turn to go where there is no room for all columns; 0 if it never goes."""
    reason: Callable[[Session, int], str] = lambda _, __: ""
    """Why the value of a cluster is not known, for its tooltip."""
    is_label: bool = False
    """Whether it shows the labels with one key, and is there as long as any cluster has one."""
    is_voltage: bool = False
    """Whether its values are in the dataset's unit of voltages."""
    lookup: Callable[[Session], Mapping[int, Any]] | None = None
    """Values of all clusters at once, where that is faster than one by one."""

    def values(self, session: Session, cluster_ids: Sequence[int]) -> list[Any]:
        """The values of some clusters.

        None where a cluster is gone: the session can be ahead of what is shown, by an edit that
        is on its way to the disk.
        """
        living, value = session.spikes_per_cluster, self.value
        if self.lookup is not None and len(cluster_ids) > 1:
            found = self.lookup(session)
            return [found.get(c) if c in living else None for c in cluster_ids]
        return [value(session, c) if c in living else None for c in cluster_ids]

    def tip_for(self, session: Session) -> str:
        """What the column holds, and for voltages in which unit."""
        return f"{self.tip}, {session.shank.voltage_unit}" if self.is_voltage else self.tip

    def text(self, value: Any) -> str:
        """The value as it is written; a dash where there is none."""
        if value is None:
            return DASH
        return format(value, self.form) if self.form else str(value)


def _stat(name: str) -> Callable[[Session, int], Any]:
    def value(session: Session, cluster_id: int) -> Any:
        stats = session.stats.get(cluster_id)
        return None if stats is None else getattr(stats, name)

    return value


def _no_stat(otherwise: str) -> Callable[[Session, int], str]:
    """Why a statistic is not known: it is to come, or there is nothing to compute it from."""
    return lambda session, c: otherwise if c in session.stats else "not computed yet"


def _metric(name: str) -> Callable[[Session, int], float | None]:
    def value(session: Session, cluster_id: int) -> float | None:
        metric = session.metrics.get(cluster_id, {}).get(name)
        return metric.value if metric is not None and metric.is_defined else None

    return value


def _reason(name: str) -> Callable[[Session, int], str]:
    def reason(session: Session, cluster_id: int) -> str:
        metric = session.metrics.get(cluster_id, {}).get(name)
        return "not computed yet" if metric is None else metric.reason

    return reason


def _metric_column(name: str, title: str, tip: str, form: str, *, hidden: bool = True) -> Column:
    widest = "88.8%" if form.endswith("%") else "88.8"
    return Column(
        name, title, tip, _metric(name), form, widest, hidden=hidden, reason=_reason(name)
    )


def _quality(session: Session, cluster_id: int) -> float | None:
    return session.knowledge.quality(cluster_id) if cluster_id in session.stats else None


def _amplitude(session: Session, cluster_id: int) -> float | None:
    if _n_spikes(session, cluster_id) < MIN_SPIKES:
        return None
    found: float | None = _stat("amplitude")(session, cluster_id)
    return found


def _no_amplitude(session: Session, cluster_id: int) -> str:
    if cluster_id in session.stats and session.stats[cluster_id].amplitude is not None:
        return f"of fewer than {MIN_SPIKES} spikes, noise alone would make it"
    why = why_absent(session.shank, "traces")
    return _no_stat(f"there is no raw data: {why}")(session, cluster_id)


def _n_spikes(session: Session, cluster_id: int) -> int:
    return len(session.spikes_per_cluster[cluster_id])


def _firing_rate(session: Session, cluster_id: int) -> float | None:
    duration = session.shank.duration
    return _n_spikes(session, cluster_id) / duration if duration > 0 else None


def _labels(session: Session, cluster_id: int) -> str:
    return ", ".join(f"{k}={v}" for k, v in sorted(session.labels_of(cluster_id).items()))


COLUMNS: tuple[Column, ...] = (
    Column("id", "id", "cluster id", lambda s, c: c, ascending=True),
    Column("group", "group", "cluster group", lambda s, c: s.group_of(c), ascending=True),
    Column("n_spikes", "spikes", "number of spikes", _n_spikes, ",d"),
    Column(
        "firing_rate",
        "rate",
        "mean firing rate, spikes per second",
        _firing_rate,
        ".2f",
        gives_way=2,
    ),
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
    _metric_column("snr", "SNR", "mean waveform over the noise, on the best channel", ".1f"),
    _metric_column(
        "violation_rate",
        "viol.",
        "refractory violations: share of the spikes that follow another within 2 ms",
        ".1%",
        hidden=False,
    ),
    Column(
        "quality",
        "qual.",
        "what the best queue goes by: size, less for contamination",
        _quality,
        ".0f",
        "888",
        reason=_no_stat(""),
    ),
    _metric_column("contamination_hill", "Hill", "contamination (Hill et al. 2011)", ".1%"),
    _metric_column("contamination_llobet", "Llobet", "contamination (Llobet et al. 2022)", ".1%"),
    _metric_column("isolation_distance", "iso.", "isolation distance", ".1f"),
    _metric_column("l_ratio", "L-ratio", "L-ratio", ".3f"),
    _metric_column("d_prime", "d'", "d-prime against all other spikes", ".1f"),
    _metric_column("presence_ratio", "pres.", "share of the recording with spikes", ".0%"),
    _metric_column("amplitude_cutoff", "cutoff", "share of spikes lost at the threshold", ".1%"),
    Column("labels", "labels", "labels, key=value", _labels, ascending=True, hidden=True),
)
SIMILARITY = Column(
    "similarity",
    "sim.",
    "similarity to the first best cluster, 0 to 1",
    lambda s, c: s.similarity_of(c),
    ".2f",
    lookup=lambda s: dict(s.similar()),
)
BY_NAME = {column.name: column for column in COLUMNS}


def label_columns(keys: Iterable[str]) -> list[Column]:
    """The columns of the labels with these keys, one of each, all named differently.

    A column is named by its key, so that a filter may read ``region == "CA1"``. Where another
    column is called so, or the key is no word, it is ``label_`` and the key with ``_`` for what no
    word holds, and a number where that is the name of another one too.
    """
    found = dict.fromkeys(keys, "")
    taken = {*BY_NAME, SIMILARITY.name}
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


def _label_column(key: str, name: str) -> Column:
    return Column(
        name,
        key,
        f"label {key}",
        lambda s, c: s.labels_of(c).get(key),
        ascending=True,
        is_label=True,
    )

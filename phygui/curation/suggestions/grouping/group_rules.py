"""Rules by which clusters are candidates for Noise and MUA: lines that a user can read and change.

What the defaults are from is told in `docs/suggestions.md`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from phygui.analysis import MetricSpec
from phygui.curation.navigation.columns import ClusterSource, Column, columns
from phygui.curation.navigation.row_filter import Filter, FilterError, Held
from phygui.dataset.groups import MUA, NOISE

GROUPS = {"noise": NOISE, "mua": MUA}
"""Groups that there are candidates for."""
MOST_RULES = 100
_OF_TEXT = ("group", "labels")
_CHANGING = {"group", "labels", "quality"}
"""Columns whose values are no matter of the spikes alone."""


class RuleError(ValueError):
    """A rule makes no sense; the text is one sentence for the user."""


@dataclass(frozen=True)
class Rule:
    """A cluster for which an expression holds is a candidate for a group."""

    group: str
    """``"noise"`` or ``"mua"``."""
    expression: str
    """In the language of the row filter, such as ``snr < 1.5``."""


DEFAULTS = (
    Rule("noise", "coherence < 0.2"),
    Rule("noise", "snr < 1"),
    Rule("noise", "isi_violation_ratio > 2 and violation_rate > 10% and n_violations >= 20"),
    Rule("mua", "contamination_llobet > 50% and violation_rate > 2% and n_violations >= 10"),
)
"""Strict, so that no good unit is among the candidates: `benchmarks/bench_decisions.py`."""


def rules_told(told: object) -> tuple[Rule, ...] | None:
    """Rules as they are kept in settings; None where that is not what they are.

    An empty list is a choice: no rules.
    """
    if not isinstance(told, list) or len(told) > MOST_RULES:
        return None
    rules = []
    for each in told:
        if not (
            isinstance(each, list) and len(each) == 2 and all(isinstance(t, str) for t in each)
        ):
            return None
        if each[0] not in GROUPS:
            return None
        rules.append(Rule(each[0], each[1]))
    return tuple(rules)


def told_rules(rules: Iterable[Rule]) -> list[list[str]]:
    """Rules as they are kept in settings."""
    return [[rule.group, rule.expression] for rule in rules]


@dataclass(frozen=True)
class Verdict:
    """What a rule says of a cluster."""

    is_pending: bool = False
    """Whether a metric that it goes by is not computed yet."""
    reasons: tuple[str, ...] = ()
    """Why the cluster is a candidate, in words; empty where it is none."""


class ReadyRule:
    """A rule, ready to be asked of clusters.

    Parameters
    ----------
    rule : Rule
    known : mapping of str to Column
        The columns by name that its expression may hold.
    headings : mapping of str to str, optional
        Names of columns by their headings.
    specs : mapping of str to MetricSpec, optional
        The metrics among them.

    Raises
    ------
    RuleError
        If its expression makes no sense.
    """

    def __init__(
        self,
        rule: Rule,
        known: Mapping[str, Column],
        headings: Mapping[str, str] | None = None,
        specs: Mapping[str, MetricSpec] | None = None,
    ) -> None:
        self.rule = rule
        self.group = GROUPS[rule.group]
        self._specs = specs or {}
        if not rule.expression.strip():
            raise RuleError("a rule needs an expression, such as snr < 1")
        try:
            self._filter = Filter(rule.expression, known, headings)
            self._columns = [known[name] for name in sorted(self._filter.names())]
            if not (self._columns and self._filter.compares()):
                raise RuleError(
                    "a rule compares a column with a number, as snr < 1 does; "
                    f"{rule.expression.strip()!r} does not"
                )
            self._filter.check({c.name: _example(c) for c in self._columns})
        except FilterError as error:
            raise RuleError(str(error)) from None
        names = {column.name for column in self._columns}
        self.follows_spikes = not names & _CHANGING
        """Whether what it says of a cluster stays true as long as the cluster lives."""

    def judge(self, source: ClusterSource, cluster_id: int) -> Verdict:
        """What it says of a living cluster."""
        row: dict[str, Any] = {}
        for column in self._columns:
            value = column.values(source, [cluster_id])[0]
            if value is None and self._is_to_come(source, cluster_id, column):
                return Verdict(is_pending=True)
            row[column.name] = value
        try:
            if not self._filter(row):
                return Verdict()
            held = self._filter.held(row)
        except FilterError:
            # What makes sense for most values need not for this one, such as a division.
            return Verdict()
        reasons = tuple(self._in_words(each) for each in held)
        return Verdict(reasons=reasons or (f"{self.rule.expression.strip()} holds",))

    def _is_to_come(self, source: ClusterSource, cluster_id: int, column: Column) -> bool:
        """Whether what is not known of a cluster may be known later."""
        if column.name in self._specs:
            metrics = source.measures.metrics
            is_known = column.name in source.metrics.get(cluster_id, {})
            return not (is_known or metrics.why_failed(column.name))
        # Whatever else is computed comes with the stats.
        return not source.knowledge.is_computed(cluster_id)

    def _in_words(self, held: Held) -> str:
        column = next((c for c in self._columns if c.name == held.source), None)
        if column is None:
            what, value = held.source, _number(held.value)
            other = _number(held.other_value)
        else:
            what, form = _label(column, self._specs), column.form
            value, other = _number(held.value, form), _number(held.other_value, form)
        if value == other and held.value != held.other_value:
            # Rounded, 1.49 would be 1.5.
            value = _number(held.value)
        if not _is_number(held.other) and not isinstance(held.other_value, str):
            other = f"{held.other} ({other})"
        return f"{what} {value} {held.words} {other}"


def ready(rules: Sequence[Rule], source: ClusterSource) -> tuple[list[ReadyRule], dict[Rule, str]]:
    """Rules ready to be asked of the clusters of a session, and what is wrong with the others."""
    specs = source.measures.metrics.specs
    known = {column.name: column for column in columns(specs.values())}
    # What the reasons call a metric may be written in a rule too.
    headings = {spec.label: name for name, spec in specs.items()}
    headings |= {column.title: column.name for column in known.values()}
    found, problems = [], {}
    for rule in rules:
        try:
            found.append(ReadyRule(rule, known, headings, specs))
        except RuleError as error:
            problems[rule] = str(error)
    return found, problems


def _example(column: Column) -> Any:
    """A value such as the column has."""
    return "unsorted" if column.name in _OF_TEXT else 1.618


def _label(column: Column, specs: Mapping[str, MetricSpec]) -> str:
    """What the value of a column is called in a sentence."""
    spec = specs.get(column.name)
    return spec.label if spec is not None else column.tip.partition(":")[0].partition(",")[0]


def _number(value: object, form: str = "") -> str:
    """A value as it stands in a sentence, in percent where its column is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if form.endswith("%"):
        return f"{100 * value:.3g}%"
    if form in ("", ",d"):
        return f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
    text = format(value, form)
    text = text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text
    return "0" if text == "-0" else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True

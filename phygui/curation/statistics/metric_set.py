"""Which metrics a session computes: those there are when it opens, less those that failed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping

from phygui.analysis import ClusterData, Metric, MetricSpec
from phygui.analysis.metrics import metrics
from phygui.curation.statistics.attribute_metrics import attribute_metrics
from phygui.dataset import SpikeAttribute
from phygui.words import error_in_words

log = logging.getLogger(__name__)


class MetricSet:
    """The metrics of one session, for any thread.

    A metric whose function raises, or returns something else than a metric, is not computed any
    more, and the reason is told once.

    Parameters
    ----------
    report : callable
        Called with one sentence and the error when a metric has failed.
    attributes : mapping of str to SpikeAttribute, optional
        What the dataset holds of each spike; each is a metric too.

    Attributes
    ----------
    specs : dict of str to MetricSpec
        All metrics by name, in the order of their columns, also those that have failed.
    names : frozenset of str
        Names of those that are computed.
    """

    def __init__(
        self,
        report: Callable[[str, Exception], None] = lambda _, __: None,
        attributes: Mapping[str, SpikeAttribute] | None = None,
    ) -> None:
        stored = {spec.name: spec for spec in attribute_metrics(attributes or {})}
        self.specs: dict[str, MetricSpec] = stored | {spec.name: spec for spec in metrics()}
        self.names = frozenset(self.specs)
        self._report = report
        self._failed: dict[str, str] = {}

    def needs(self, names: Iterable[str]) -> frozenset[str]:
        """What some metrics are computed from."""
        return frozenset(need for name in names for need in self.specs[name].needs)

    def measure(self, names: Iterable[str], data: ClusterData) -> dict[str, Metric]:
        """Some metrics of a cluster by name, without those that fail."""
        found = {}
        for name, spec in self.specs.items():
            if name not in names or name in self._failed:
                continue
            try:
                found[name] = spec.measure(data)
            except Exception as error:
                self._drop(name, error)
        return found

    def why_failed(self, name: str) -> str:
        """What was wrong with a metric that is not computed any more; empty otherwise."""
        return self._failed.get(name, "")

    def _drop(self, name: str, error: Exception) -> None:
        words = f"it raised {error_in_words(error)}"
        if self._failed.setdefault(name, words) is words:
            self.names -= {name}
            self._report(f"the metric {name!r} is not computed any more: {words}", error)

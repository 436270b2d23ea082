"""Which metrics a session computes: those there are when it opens, less those that failed.

What the dataset's format holds of every spike is a metric too, the median over the spikes of a
cluster: columns, names in filters and axes follow from it, as from any other.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from phygui.analysis import ClusterData, Metric, MetricSpec
from phygui.analysis.metrics import metrics
from phygui.dataset import SpikeAttribute
from phygui.plugins import PluginError
from phygui.words import error_in_words

log = logging.getLogger(__name__)

TAKEN = ("id", "number of spikes", "time", "amplitude", "depth", "interval")
"""What axes call other things, beside the metrics."""


def attribute_labels(attributes: Mapping[str, SpikeAttribute]) -> dict[str, str]:
    """What axes and lists call attributes, each differently: the name of each by its label."""
    found: dict[str, str] = {}
    taken = {*TAKEN, *(spec.label for spec in metrics())}
    for name, attribute in attributes.items():
        label = attribute.title or name
        label = f"stored {label}" if label in taken else label
        found[f"{label} {name}" if label in found else label] = name
    return found


def attribute_names(attributes: Iterable[str]) -> dict[str, str]:
    """The attributes by the names of their metrics: ``depth`` is ``spike_depth`` in filters."""
    found: dict[str, str] = {}
    for name in attributes:
        word = "spike_" + re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
        number = 2
        while word in found:
            word, number = f"{word.rstrip('0123456789')}{number}", number + 1
        found[word] = name
    return found


def attribute_metrics(attributes: Mapping[str, SpikeAttribute]) -> tuple[MetricSpec, ...]:
    """A metric for each attribute."""
    labels = {name: label for label, name in attribute_labels(attributes).items()}
    return tuple(
        MetricSpec(
            word,
            labels[name],
            labels[name],
            f"{labels[name]} as it is stored with the dataset, median of the spikes",
            _Median(name),
            needs=frozenset({"attributes"}),
            unit=attributes[name].unit,
            form=".4g",
            is_in_preview=False,
        )
        for word, name in attribute_names(attributes).items()
    )


class _Median:
    """The median of an attribute; not defined where no spike has one."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, data: ClusterData) -> Metric:
        values = (data.attributes or {}).get(self._name)
        if values is None:
            return Metric(float("nan"), "this shank does not have it")
        finite = values[np.isfinite(values)]
        if not len(finite):
            return Metric(float("nan"), "no spike has it")
        return Metric(float(np.median(finite)))


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

    @property
    def failed(self) -> frozenset[str]:
        """Names of those that are not computed any more."""
        return frozenset(self._failed)

    def why_failed(self, name: str) -> str:
        """What was wrong with a metric that is not computed any more; empty otherwise."""
        return self._failed.get(name, "")

    def _drop(self, name: str, error: Exception) -> None:
        told = isinstance(error, PluginError)
        words = str(error) if told else f"it raised {error_in_words(error)}"
        if self._failed.setdefault(name, words) is words:
            self.names -= {name}
            self._report(f"the metric {name!r} is not computed any more: {words}", error)

"""What a format holds of every spike, as a metric of clusters: the median over their spikes.

Columns, names in filters and axes follow from it, as from any other metric.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from phygui.analysis import ClusterData, Metric, MetricSpec
from phygui.dataset import SpikeAttribute

TAKEN = ("id", "number of spikes", "time", "amplitude", "depth")
"""What axes call other things."""


def attribute_labels(attributes: Mapping[str, SpikeAttribute]) -> dict[str, str]:
    """What axes and lists call attributes, each differently: the name of each by its label."""
    found: dict[str, str] = {}
    for name, attribute in attributes.items():
        label = attribute.title or name
        label = f"stored {label}" if label in TAKEN else label
        found[f"{label} {name}" if label in found else label] = name
    return found


def attribute_metrics(attributes: Mapping[str, SpikeAttribute]) -> tuple[MetricSpec, ...]:
    """A metric for each attribute; ``depth`` is called ``spike_depth`` in filters."""
    found: dict[str, MetricSpec] = {}
    for label, name in attribute_labels(attributes).items():
        word = "spike_" + re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
        number = 2
        while word in found:
            word, number = f"{word.rstrip('0123456789')}{number}", number + 1
        found[word] = MetricSpec(
            word,
            label,
            label,
            f"{label} as it is stored with the dataset, median of the spikes",
            _Median(name),
            needs=frozenset({"attributes"}),
            unit=attributes[name].unit,
            form=".4g",
            is_in_preview=False,
        )
    return tuple(found.values())


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

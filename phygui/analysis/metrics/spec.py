"""What a metric is: one declaration, from which all that shows it or keeps it follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..trains import REFRACTORY_PERIOD
from .isolation import Isolation
from .metric import Metric, undefined

__all__ = ["ClusterData", "MetricSpec"]

Need = Literal[
    "spike_samples",
    "recorded_samples",
    "amplitudes",
    "mean_waveform",
    "noise",
    "masked_features",
    "isolation",
    "attributes",
]
Family = Literal["contamination", "completeness", "signal", "isolation", "other"]

_ABSENT: dict[Need, str] = {
    "spike_samples": "the times of the spikes are not known",
    "recorded_samples": "the times of the spikes are not known",
    "amplitudes": "there are no amplitudes",
    "mean_waveform": "there is no raw data",
    "noise": "there is no raw data",
    "masked_features": "there are no features",
    "isolation": "there are no features",
    "attributes": "nothing else is stored for each spike",
}
FAMILIES: tuple[Family, ...] = ("contamination", "completeness", "signal", "isolation", "other")
"""In the order in which the merge preview shows them."""


@dataclass(frozen=True)
class ClusterData:
    """What the quality of a cluster is judged by; None for what is not known.

    Attributes
    ----------
    spike_samples : array of int (n_spikes,), optional
        Increasing; recordings may be farther apart than they are, so that no interval spans two.
    recorded_samples : array of int (n_spikes,), optional
        The same in recorded time, the gaps between recordings left out; by default they are.
    amplitudes : array of float (n_amplitudes,), optional
        Of all spikes, or of a sample of them.
    mean_waveform : array (n_samples, n_channels), optional
        Filtered, in the units of `noise`.
    noise : array (n_channels,), optional
        From `noise_levels`.
    masked_features : array (n, n_columns), optional
        Features times masks of a sample of the spikes, on the channels near the best one.
    features, other_features : array (n_spikes, n_columns), (n_others, n_columns), optional
        On the channels where the cluster is large: of all its spikes and of the others.
    isolation : Isolation, optional
        What is known of them instead, where they are too many to be held at once.
    attributes : mapping of str to array of float (n_spikes,), optional
        What the dataset's format holds of each spike, by name: of all spikes, or of a sample.
    n_spikes : int
        By default as many as there are spike samples.
    sample_rate : float
        In hertz.
    duration : float
        Of the whole recording, in seconds.
    refractory, censored : float
        Refractory period and dead time of the detection, in seconds.
    """

    spike_samples: NDArray[np.int64] | None = None
    recorded_samples: NDArray[np.int64] | None = None
    amplitudes: NDArray[Any] | None = None
    mean_waveform: NDArray[Any] | None = None
    noise: NDArray[Any] | None = None
    masked_features: NDArray[Any] | None = None
    features: NDArray[Any] | None = None
    other_features: NDArray[Any] | None = None
    isolation: Isolation | None = None
    attributes: Mapping[str, NDArray[np.float64]] | None = None
    n_spikes: int = -1
    sample_rate: float = float("nan")
    duration: float = float("nan")
    refractory: float = REFRACTORY_PERIOD
    censored: float = 0.0

    def __post_init__(self) -> None:
        if self.n_spikes < 0:
            n_spikes = 0 if self.spike_samples is None else len(self.spike_samples)
            object.__setattr__(self, "n_spikes", n_spikes)
        if self.recorded_samples is None:
            object.__setattr__(self, "recorded_samples", self.spike_samples)


@dataclass(frozen=True)
class MetricSpec:
    """A metric of a cluster: what it is called, how it is written, and how it is computed.

    Columns, names in filters, axes, the rows of the merge preview and what is kept on the disk
    follow from it.

    Attributes
    ----------
    name : str
        A word of lower-case letters, digits and ``_``: its name in filters and in Python.
    title : str
        The heading of its column, short; it works in filters too.
    label : str
        What it is called at an axis and in a list.
    help : str
        One clause that says what it is, for a tooltip.
    function : callable
        From a :class:`ClusterData` to a :class:`Metric`. It is called from several threads.
    needs : frozenset of str
        Attributes of the data that it uses besides `n_spikes` and `duration`. Only those are
        made, so that a metric costs no more than it must; where one is None, the metric is
        undefined and the function is not called. A metric that needs none is computed for the
        table at once.
    version : int
        To be raised whenever other values come out: those that are kept are computed again.
    unit : str
        ``"%"`` where the value is a share that is written in percent.
    form : str
        Format specification of the value.
    source : str
        What it is from.
    better : ``"lower"``, ``"higher"`` or empty
        Which change is for the better.
    family : str
        What it is about; those of one family stand together.
    order : int
        Its place among the columns: the smaller, the farther left.
    is_hidden : bool
        Whether its column shows only when the user asks for it.
    is_in_preview : bool
        Whether the merge preview has a row for it.
    gives_way : int
        The turn of its column to go where there is no room for all; 0 if it never goes.
    alarming : float, optional
        From where on a value is written in red.
    """

    name: str
    title: str
    label: str
    help: str
    function: Callable[[ClusterData], Metric]
    needs: frozenset[Need] = frozenset({"spike_samples"})
    version: int = 1
    unit: str = ""
    form: str = ".3g"
    source: str = ""
    better: Literal["lower", "higher", ""] = ""
    family: Family = "other"
    order: int = 1000
    is_hidden: bool = True
    is_in_preview: bool = True
    gives_way: int = 0
    alarming: float | None = None

    def __post_init__(self) -> None:
        if not (self.name.isidentifier() and self.name == self.name.lower()):
            raise ValueError(f"a metric cannot be called {self.name!r}, expected a lower-case word")
        if unknown := set(self.needs).difference(_ABSENT):
            names = ", ".join(sorted(unknown))
            raise ValueError(
                f"the metric {self.name} needs {names}; there are {', '.join(_ABSENT)}"
            )
        format(0.0, self.form)

    @property
    def is_instant(self) -> bool:
        """Whether numbers alone tell it, without any data."""
        return not self.needs

    @property
    def axis(self) -> str:
        """How it stands at an axis."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    @property
    def scale(self) -> float:
        """From its value to the number at an axis."""
        return 100.0 if self.unit == "%" else 1.0

    def measure(self, data: ClusterData) -> Metric:
        """Its value for a cluster, undefined where what it needs is not known.

        Raises
        ------
        TypeError
            If its function returns something else than a metric.
        """
        for need, reason in _ABSENT.items():
            if need in self.needs and getattr(data, need) is None:
                return undefined(reason)
        found = self.function(data)
        if not isinstance(found, Metric):
            raise TypeError(f"it returned {type(found).__name__}, expected a Metric")
        return Metric(float(found.value), str(found.reason))

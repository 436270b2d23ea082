"""How far a cluster is one neuron and all of it, by what is known of it: the order of the walk."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from .metrics import Metric

__all__ = ["Part", "Partner", "Quality", "cluster_quality"]

_WEIGHT_OF_ISOLATION = 0.05
_WEIGHT_OF_PRESENCE = 0.1
"""How much two parts count that rank clusters alike in all else. The L-ratio grows with the number
of other spikes: on a large probe that of a good unit may be 100."""
_LEAST = 0.01
"""What a part is at least: where one says that all is wrong, the others still rank clusters."""
_LIKELY = 0.05
"""Chance from which on another cluster is worth a word."""


class Partner(NamedTuple):
    """Another cluster that may hold the rest of the same unit."""

    cluster_id: int
    chance: float
    """That the two are one unit: the score of their merge suggestion."""
    n_spikes: int


class Part(NamedTuple):
    """One of the things that a quality is made of."""

    name: str
    value: float
    """In [0, 1]; NaN where it is not known."""
    words: str
    """What it goes by, in one clause."""

    def in_words(self) -> str:
        """Name, value and what it goes by."""
        value = "not known" if math.isnan(self.value) else f"{self.value:.2f}"
        return f"{self.name} {value}: {self.words}"


class Quality(NamedTuple):
    """How good a cluster is, and why."""

    value: float
    """In [0, 1] by `cluster_quality`."""
    parts: tuple[Part, ...] = ()
    """What it was made of, what counts most first."""

    def in_words(self) -> str:
        """The parts, one a line."""
        return "\n".join(part.in_words() for part in self.parts)


def cluster_quality(
    metrics: Mapping[str, Metric], n_spikes: int = 0, partners: Iterable[Partner] | None = None
) -> Quality | None:
    """Estimate how well the spikes of a cluster agree with those of one neuron.

    That agreement, n_match / (n_a + n_b - n_match), follows from two shares: how many of the
    cluster's spikes are the neuron's (`purity`), and how many of the neuron's are in it
    (completeness: what its likely partners hold is missing). It is
    `1 / (1 / purity + 1 / completeness - 1)`. What makes it less likely altogether comes in as
    factors: a mean waveform that does not stand out of the noise, `snr^2 / (1 + snr^2)`, and,
    with little weight, the presence ratio to the power 0.1 and `1 / (1 + L-ratio)` to the power
    0.05. What is not known, or means nothing for the cluster, is left out.

    Parameters
    ----------
    metrics : mapping of str to Metric
        Those of a cluster that are known; `purity`, `l_ratio`, `presence_ratio` and `snr` are
        looked at.
    n_spikes : int
    partners : iterable of Partner, optional
        Other clusters that may be parts of the same unit; None as long as that is not known.

    Returns
    -------
    Quality or None
        None where none of the metrics is known.
    """
    parts = (
        _purity(metrics.get("purity")),
        _completeness(n_spikes, partners),
        _signal(metrics.get("snr")),
        _presence(metrics.get("presence_ratio")),
        _isolation(metrics.get("l_ratio")),
    )
    if all(math.isnan(part.value) for part in parts if part.name != "completeness"):
        return None
    purity, completeness, signal, presence, isolation = (
        1.0 if math.isnan(part.value) else max(part.value, _LEAST) for part in parts
    )
    agreement = 1 / (1 / purity + 1 / completeness - 1)
    value = agreement * signal * presence**_WEIGHT_OF_PRESENCE * isolation**_WEIGHT_OF_ISOLATION
    return Quality(value, parts)


def _purity(metric: Metric | None) -> Part:
    if metric is None or not metric.is_defined:
        return _unknown("purity", metric)
    foreign = f"{1 - metric.value:.0%}"
    return Part(
        "purity",
        metric.value,
        f"by the refractory period, {foreign} of its spikes may be of other neurons",
    )


def _completeness(n_spikes: int, partners: Iterable[Partner] | None) -> Part:
    if partners is None:
        return Part("completeness", math.nan, "other parts of the unit are still looked for")
    every = sorted(partners, key=lambda partner: (-partner.chance, partner.cluster_id))
    missing = sum(partner.chance * partner.n_spikes for partner in every)
    likely = [f"{p.cluster_id} ({p.chance:.0%})" for p in every if p.chance >= _LIKELY][:3]
    words = "no other cluster is likely the same unit"
    if likely:
        several = "s" if len(likely) > 1 else ""
        words = f"likely the same unit as cluster{several} {', '.join(likely)}"
    return Part("completeness", n_spikes / max(n_spikes + missing, 1), words)


def _signal(metric: Metric | None) -> Part:
    if metric is None or not metric.is_defined:
        return _unknown("signal", metric)
    squared = metric.value**2
    return Part("signal", squared / (1 + squared), f"SNR {metric.value:.1f}")


def _presence(metric: Metric | None) -> Part:
    if metric is None or not metric.is_defined:
        return _unknown("presence", metric)
    return Part("presence", metric.value, f"fires in {metric.value:.0%} of the minutes")


def _isolation(metric: Metric | None) -> Part:
    if metric is None or not metric.is_defined:
        return _unknown("isolation", metric)
    return Part("isolation", 1 / (1 + max(metric.value, 0.0)), f"L-ratio {metric.value:.3g}")


def _unknown(name: str, metric: Metric | None) -> Part:
    return Part(name, math.nan, "not computed yet" if metric is None else metric.reason)

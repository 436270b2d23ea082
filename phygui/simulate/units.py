"""The neurons of the demo: who fires when, how strongly, and how a sorter labels the spikes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .probe import ROW_DISTANCE, Shank

OVERSPLITS = ("amplitude", "drift", "position")
MAX_MEAN_RATE = 60.0  # spikes per second and cluster; more and refractory periods fill the time
MIN_SPIKES_PER_CLUSTER = 10
N_MUA_UNITS = 8
NOT_A_NEURON = -1  # the "unit" of the spikes of the noise cluster
STIMULUS_PERIOD = 2.0  # seconds
_RATE_STEP = 0.01  # seconds between two values of a rate profile
_RESPONSE = (0.02, 0.12)  # seconds after the stimulus
_DRIFT = 25.0  # micrometres travelled by a unit over-split by drift
_SWAY = 9.0  # micrometres to either side of a unit over-split along the probe
_SWAY_PERIOD = 11.0  # seconds


@dataclass(frozen=True)
class Unit:
    """What makes one neuron, or the artefact, look as it does.

    Distances are in micrometres, amplitudes in microvolts, durations in milliseconds;
    ``refractory`` is in seconds.
    """

    position: tuple[float, float]
    amplitude: float
    trough: float = 0.14
    hump: float = 0.35
    hump_width: float = 0.35
    hump_delay: float = 0.5
    reach: float = 20.0
    refractory: float = 0.0025
    spread: float = 0.06  # standard deviation of the logarithm of the amplitude
    travel: float = 0.0  # displacement along the probe from the start to the end
    sway: float = 0.0  # amplitude of the slow movement back and forth
    response: float = 0.0  # relative rise of the firing rate after the stimulus
    artefact: bool = False

    def displacements(self, times: NDArray[Any], duration: float) -> NDArray[np.float64]:
        """How far along the probe the unit is from its position at ``times`` (seconds)."""
        times = np.asarray(times, dtype=np.float64)
        away = self.travel * (times / duration - 0.5)
        return away + self.sway * np.sin(2 * np.pi * times / _SWAY_PERIOD)


@dataclass(frozen=True)
class Truth:
    """What is known about the spikes of one channel group.

    Attributes
    ----------
    units : (n_spikes,) int32
        The unit that fired every spike; -1 for the spikes of the noise cluster.
    roles : dict
        ``"merge"``: the two clusters of one over-split unit; ``"split"``: the cluster that
        holds two units; ``"noise"`` and ``"mua"``: the clusters of artefacts and of many
        small units.
    siblings : list of (int, int, str)
        Every pair of clusters that is one unit, and how it was over-split.
    """

    units: NDArray[np.int32]
    roles: dict[str, int | tuple[int, int]]
    siblings: list[tuple[int, int, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Spikes:
    """The spikes of one channel group, in time order, one entry a spike."""

    samples: NDArray[np.int64]  # over the whole experiment
    fractions: NDArray[np.uint8]  # of a sample, in 1/255
    clusters: NDArray[np.int32]
    units: NDArray[np.int16]  # index into the list of units
    scales: NDArray[np.float32]  # amplitude relative to the unit's

    def __len__(self) -> int:
        return len(self.samples)


@dataclass(frozen=True)
class Timing:
    """When spikes can be: sample rate, bounds of the recordings (samples), stimuli (seconds)."""

    sample_rate: float
    bounds: NDArray[np.int64]
    edge: int  # no spike is closer than this many samples to either end of a recording
    stimuli: NDArray[np.float64]

    @property
    def duration(self) -> float:
        return float(self.bounds[-1]) / self.sample_rate


@dataclass(frozen=True)
class Population:
    """The units of one channel group and the labels that a sorter would give their spikes."""

    units: list[Unit]
    spikes: Spikes
    truth: Truth


def make_population(
    shank: Shank,
    *,
    n_spikes: int,
    n_clusters: int,
    oversplit: Sequence[str],
    drift: float,
    timing: Timing,
    rng: np.random.Generator,
) -> Population:
    """Draw the units of a channel group and all their spikes."""
    kinds = [k for how in oversplit for k in (how, "sibling")] + ["split", "noise", "mua"]
    kinds += ["unit"] * (n_clusters - len(kinds))
    ids = rng.permutation(np.arange(2, n_clusters + 2))
    counts = _spike_counts(kinds, n_spikes, rng).tolist()
    length = shank.n_channels * ROW_DISTANCE
    depths = rng.permutation(
        (np.arange(n_clusters) + rng.uniform(0.2, 0.8, n_clusters)) / n_clusters
    )
    left = shank.positions[0, 0]

    units: list[Unit] = []
    parts: list[
        tuple[NDArray[Any], NDArray[Any], int, NDArray[Any]]
    ] = []  # times, clusters, unit, scales
    unit_ids: list[int] = []
    roles: dict[str, int | tuple[int, int]] = {}
    siblings: list[tuple[int, int, str]] = []

    def fire(unit: Unit, labels: Sequence[int], sizes: Sequence[int], how: str = "") -> None:
        unit = replace(unit, travel=unit.travel + (0.0 if unit.artefact else drift))
        times = _spike_times(unit, int(np.sum(sizes)), timing, rng)
        scales = np.exp(rng.normal(0.0, unit.spread, len(times)))
        clusters = np.full(len(times), labels[0], dtype=np.int32)
        if how:
            if how == "amplitude":
                scales = rng.uniform(0.6, 1.15, len(times))
            key = {
                "amplitude": scales,
                "drift": times,
                "position": unit.displacements(times, timing.duration),
            }[how]
            clusters[np.argsort(key, kind="stable")[sizes[0] :]] = labels[1]
        parts.append((times, clusters, len(units), scales))
        unit_ids.append(NOT_A_NEURON if unit.artefact else len(units))
        units.append(unit)

    for i, kind in enumerate(kinds):
        if kind == "sibling":
            continue
        x = left + rng.uniform(-8.0, 28.0)
        unit = _random_unit((x, float(depths[i]) * length), rng)
        cluster = int(ids[i])
        if kind in OVERSPLITS:
            pair = (cluster, int(ids[i + 1]))
            siblings.append((*pair, kind))
            roles.setdefault("merge", pair)
            unit = replace(
                unit,
                amplitude=rng.uniform(130.0, 220.0),
                travel=_DRIFT if kind == "drift" else 0.0,
                sway=_SWAY if kind == "position" else 0.0,
            )
            fire(unit, pair, counts[i : i + 2], kind)
        elif kind == "split":
            roles["split"] = cluster
            first = round(int(counts[i]) * 0.55)
            for sizes, one in zip(
                (first, counts[i] - first), _two_units(unit, length), strict=True
            ):
                fire(one, [cluster], [sizes])
        elif kind == "noise":
            roles["noise"] = cluster
            fire(_artefact(unit.position), [cluster], [counts[i]])
        elif kind == "mua":
            roles["mua"] = cluster
            for size in rng.multinomial(counts[i], np.full(N_MUA_UNITS, 1 / N_MUA_UNITS)):
                x, y = unit.position
                near = (x + rng.uniform(-10, 10), y + rng.uniform(-15, 15))
                small = replace(_random_unit(near, rng), amplitude=rng.uniform(45.0, 65.0))
                fire(small, [cluster], [size])
        else:
            fire(unit, [cluster], [counts[i]])

    spikes = _in_time_order(parts, timing.sample_rate)
    truth = Truth(np.array(unit_ids, dtype=np.int32)[spikes.units], roles, siblings)
    return Population(units, spikes, truth)


def _random_unit(position: tuple[float, float], rng: np.random.Generator) -> Unit:
    narrow = rng.random() < 0.3  # as interneurons are
    return Unit(
        position,
        amplitude=float(np.exp(rng.normal(np.log(150.0), 0.35)).clip(85.0, 350.0)),
        trough=rng.uniform(0.08, 0.11) if narrow else rng.uniform(0.12, 0.18),
        hump=rng.uniform(0.25, 0.5),
        hump_width=rng.uniform(0.15, 0.2) if narrow else rng.uniform(0.25, 0.4),
        hump_delay=rng.uniform(0.28, 0.36) if narrow else rng.uniform(0.42, 0.6),
        reach=rng.uniform(15.0, 26.0),
        refractory=rng.uniform(0.002, 0.0035),
        response=float(rng.choice([0.0, 0.0, 2.0, 5.0])),
    )


def _two_units(unit: Unit, length: float) -> tuple[Unit, Unit]:
    """Two units near one another, but different enough to be told apart by their features."""
    x, y = unit.position
    y = min(max(y, 0.2 * length), 0.8 * length)
    far = y + (35.0 if y < length / 2 else -35.0)
    broad = replace(unit, position=(x, y), amplitude=190.0, trough=0.17, hump=0.3, hump_delay=0.55)
    narrow = replace(
        unit, position=(x, far), amplitude=150.0, trough=0.09, hump=0.5, hump_delay=0.3
    )
    return broad, narrow


def _artefact(position: tuple[float, float]) -> Unit:
    """Something that every channel sees at once, and that has no refractory period."""
    return Unit(
        position,
        amplitude=120.0,
        trough=0.06,
        hump=0.8,
        hump_width=0.06,
        hump_delay=0.15,
        refractory=0.0,
        spread=0.25,
        artefact=True,
    )


def _spike_counts(kinds: list[str], n_spikes: int, rng: np.random.Generator) -> NDArray[np.int64]:
    weights = np.exp(rng.normal(0.0, 0.6, len(kinds))).clip(0.3, 2.5)
    for i, kind in enumerate(kinds):
        if kind == "sibling":  # neither of the two is a small remainder
            weights[i] = weights[i - 1] * rng.uniform(0.6, 1.4)
        elif kind in ("split", "mua"):
            weights[i] = max(weights[i], 2.0)
    spare = n_spikes - MIN_SPIKES_PER_CLUSTER * len(kinds)
    return MIN_SPIKES_PER_CLUSTER + rng.multinomial(spare, weights / weights.sum())


def _spike_times(
    unit: Unit, n: int, timing: Timing, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Exactly ``n`` increasing times in seconds, none closer than the refractory period."""
    edges, cumulated = _cumulated_rate(unit, timing, rng)
    refractory = max(unit.refractory, 1.0 / timing.sample_rate)

    def draw(size: int) -> NDArray[np.float64]:
        return np.interp(rng.uniform(0.0, cumulated[-1], size), cumulated, edges)

    if unit.artefact:  # a third of the artefacts come in quick succession
        alone = np.sort(draw(n - n // 3))
        first = rng.choice(alone, n // 3)
        again = first + rng.uniform(0.0003, 0.0015, n // 3)
        ends = timing.bounds[np.searchsorted(timing.bounds, first * timing.sample_rate, "right")]
        again = np.minimum(again, (ends - timing.edge) / timing.sample_rate)
        return np.sort(np.concatenate([alone, again]))
    times = np.sort(draw(n))
    for _ in range(1000):
        too_soon = np.flatnonzero(np.diff(times) < refractory) + 1
        if not len(too_soon):
            return times
        # Redrawing one of every two neighbours makes every other violation vanish by itself.
        too_soon = too_soon[np.diff(too_soon, prepend=-2) > 1]
        times = np.sort(np.concatenate([np.delete(times, too_soon), draw(len(too_soon))]))
    raise ValueError(
        f"{n} spikes of one unit do not fit in {timing.duration:g} s with a refractory period "
        f"of {1000 * refractory:.1f} ms; ask for a longer duration"
    )


def _cumulated_rate(
    unit: Unit, timing: Timing, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The firing rate as edges in seconds and its integral at each, in arbitrary units."""
    bounds = timing.bounds / timing.sample_rate
    edge = timing.edge / timing.sample_rate
    grid = np.arange(0.0, timing.duration, _RATE_STEP)
    edges = np.unique(np.concatenate([grid, bounds, bounds[:-1] + edge, bounds[1:] - edge]))
    middle = (edges[1:] + edges[:-1]) / 2
    rate = 1.0 + 0.4 * np.sin(2 * np.pi * (middle * rng.uniform(0.01, 0.03) + rng.random()))
    if unit.response:
        last = timing.stimuli[(np.searchsorted(timing.stimuli, middle) - 1).clip(0)]
        since = middle - last
        rate = rate + unit.response * ((since >= _RESPONSE[0]) & (since < _RESPONSE[1]))
    nearest = np.abs(middle - bounds[np.searchsorted(bounds, middle).clip(1) - 1])
    nearest = np.minimum(nearest, np.abs(bounds[np.searchsorted(bounds, middle)] - middle))
    rate[nearest < edge] = 0.0
    return edges, np.concatenate([[0.0], np.cumsum(rate * np.diff(edges))])


def _in_time_order(
    parts: list[tuple[NDArray[Any], NDArray[Any], int, NDArray[Any]]], sample_rate: float
) -> Spikes:
    times = np.concatenate([p[0] for p in parts]) * sample_rate
    order = np.argsort(times, kind="stable")
    times = times[order]
    samples = times.astype(np.int64)
    return Spikes(
        samples=samples,
        fractions=((times - samples) * 255).astype(np.uint8),
        clusters=np.concatenate([p[1] for p in parts])[order],
        units=np.concatenate([np.full(len(p[0]), p[2], dtype=np.int16) for p in parts])[order],
        scales=np.concatenate([p[3] for p in parts]).astype(np.float32)[order],
    )

"""The raw traces of the demo: spikes on noise that neighbouring sites share, and slow waves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .probe import Shank
from .units import Spikes, Timing, Unit

BEFORE_MS, AFTER_MS = 1.6, 3.2  # extent of a spike around its trough
VOLTAGE_GAIN = 0.195  # microvolts per unit of the raw data
NOISE = 10.0  # microvolts, standard deviation
_SHARED_NOISE = 0.35  # part of the noise variance that decays over _NOISE_REACH
_NOISE_REACH = 30.0  # micrometres
_N_SHIFTS = 4  # renderings of a template per sample, so that spikes fall between samples
_N_PLACES = 9  # renderings of a unit that moves
_SPEED = 400.0  # micrometres per millisecond at which a spike spreads
_FAINT = 0.01  # of the peak, below which a template is not rendered
# Frequency (Hz), amplitude (microvolts) and phase gradient (radians per micrometre).
_SLOW_WAVES = ((7.0, 60.0, 0.004), (1.3, 40.0, 0.001), (50.0, 5.0, 0.0))


def extent(sample_rate: float) -> tuple[int, int]:
    """Samples of a template before and from its trough."""
    return round(BEFORE_MS * sample_rate / 1000), round(AFTER_MS * sample_rate / 1000)


def render(
    unit: Unit,
    positions: NDArray[Any],
    sample_rate: float,
    displacement: float = 0.0,
    shift: float = 0.0,
) -> NDArray[np.float32]:
    """The spike of a unit in raw units, (n_samples, n_channels), its trough ``shift`` samples late.

    The extracellular spike is a narrow trough followed by a broader hump. It decays with the
    distance from the unit, where it also comes later and lasts longer.
    """
    before, after = extent(sample_rate)
    t = ((np.arange(-before, after) - shift) * 1000 / sample_rate)[:, None]
    x, y = unit.position
    away = np.hypot(positions[:, 0] - x, positions[:, 1] - (y + displacement), dtype=np.float64)
    if unit.artefact:
        gain, late, width = 1 + 0.1 * np.cos(0.05 * away), np.zeros_like(away), np.ones_like(away)
    else:
        nearest = np.hypot(positions[:, 0] - x, positions[:, 1] - y).min()
        gain = np.exp((nearest - away) / unit.reach)
        late, width = (away - nearest) / _SPEED, 1 + np.maximum(away - nearest, 0) / 250

    def bump(centre: float, sigma: float) -> NDArray[np.float64]:
        return np.exp(-0.5 * ((t - centre - late) / (sigma * width)) ** 2)

    shape = unit.hump * bump(unit.hump_delay, unit.hump_width) - bump(0.0, unit.trough)
    shape += 0.12 * bump(-2.2 * unit.trough, 0.7 * unit.trough)
    return (shape * gain * (unit.amplitude / VOLTAGE_GAIN)).astype(np.float32)


@dataclass(frozen=True)
class Places:
    """The displacements at which the spikes of the units are rendered: one row a unit."""

    centres: NDArray[np.float64]  # (n_units, n_places) micrometres
    moving: bool

    def of(
        self, units: list[Unit], spikes: Spikes, part: slice, timing: Timing
    ) -> NDArray[np.intp]:
        """The index of the place of every spike of ``part``."""
        index = np.zeros(part.stop - part.start, dtype=np.intp)
        if self.moving:
            times, owners = spikes.samples[part] / timing.sample_rate, spikes.units[part]
            for i in np.unique(owners):
                mine = np.flatnonzero(owners == i)
                low, high = self.centres[i, 0], self.centres[i, -1]
                if high > low:
                    away = units[i].displacements(times[mine], timing.duration)
                    step = (away - low) / (high - low) * (self.centres.shape[1] - 1)
                    index[mine] = np.rint(step).astype(np.intp).clip(0, self.centres.shape[1] - 1)
        return index


def make_places(units: list[Unit]) -> Places:
    """Enough places for every unit to move smoothly; a single one where none moves."""
    reach = np.array([abs(unit.travel) / 2 + abs(unit.sway) for unit in units])
    if not reach.any():
        return Places(np.zeros((len(units), 1)), moving=False)
    return Places(reach[:, None] * np.linspace(-1, 1, _N_PLACES), moving=True)


class TraceMaker:
    """Traces of one channel group, any stretch of samples at a time.

    What a stretch holds does not depend on the others but for the noise, which is drawn for
    each stretch from its first sample and the seed.
    """

    def __init__(
        self, shank: Shank, units: list[Unit], spikes: Spikes, timing: Timing, seed: tuple[int, ...]
    ) -> None:
        self._spikes, self._units, self._timing, self._seed = spikes, units, timing, seed
        self._places = make_places(units)
        self._before, self._after = extent(timing.sample_rate)
        self._bank = [self._render(i, shank) for i in range(len(units))]
        distances = np.linalg.norm(shank.positions[:, None] - shank.positions[None], axis=2)
        covariance = _SHARED_NOISE * np.exp(-0.5 * (distances / _NOISE_REACH) ** 2)
        covariance += (1 - _SHARED_NOISE) * np.eye(shank.n_channels)
        mixing = np.linalg.cholesky(covariance) * NOISE / VOLTAGE_GAIN
        self._mixing = np.ascontiguousarray(mixing.T, dtype=np.float32)
        depth = shank.positions[:, 1]
        self._waves = np.concatenate(
            [
                np.array([np.cos(gradient * depth), np.sin(gradient * depth)]) * size / VOLTAGE_GAIN
                for _, size, gradient in _SLOW_WAVES
            ]
        ).astype(np.float32)

    def _render(self, i: int, shank: Shank) -> tuple[slice, NDArray[np.float32]]:
        """The columns that unit ``i`` reaches, and its spikes by place and shift."""
        unit, rate = self._units[i], self._timing.sample_rate
        bank = np.array(
            [
                [render(unit, shank.positions, rate, y, s / _N_SHIFTS) for s in range(_N_SHIFTS)]
                for y in np.unique(self._places.centres[i])
            ]
        )
        size = np.abs(bank).max(axis=(0, 1, 2))
        reached = np.flatnonzero(size > _FAINT * size.max())
        columns = slice(int(reached[0]), int(reached[-1]) + 1)
        return columns, np.ascontiguousarray(bank[..., columns])

    def make(self, start: int, stop: int) -> NDArray[np.float32]:
        """The samples ``[start, stop)`` of the experiment, (n_samples, n_channels), raw units."""
        rng = np.random.default_rng((*self._seed, start))
        n, before, after = stop - start, self._before, self._after
        traces = np.zeros((n + before + after, self._mixing.shape[0]), dtype=np.float32)
        noise = rng.standard_normal((n, self._mixing.shape[0]), dtype=np.float32)
        np.matmul(noise, self._mixing, out=traces[before : before + n])
        traces[before : before + n] += self._slow_waves(start, stop) @ self._waves

        # A spike before or after the stretch still reaches into it.
        samples = self._spikes.samples
        first, last = np.searchsorted(samples, [start - after + 1, stop + before])
        part = slice(int(first), int(last))
        places = self._places.of(self._units, self._spikes, part, self._timing)
        shifts = self._spikes.fractions[part].astype(np.intp) * _N_SHIFTS // 256
        rows = samples[part] - start
        scales = self._spikes.scales[part]
        for row, unit, scale, place, shift in zip(
            rows.tolist(), self._spikes.units[part].tolist(), scales, places, shifts, strict=True
        ):
            columns, bank = self._bank[unit]
            template = bank[min(place, len(bank) - 1), shift]
            low, high = max(0, -row), min(before + after, n + before + after - row)
            traces[row + low : row + high, columns] += scale * template[low:high]
        return traces[before : before + n]

    def _slow_waves(self, start: int, stop: int) -> NDArray[np.float32]:
        t = np.arange(start, stop) / self._timing.sample_rate
        phases = [2 * np.pi * frequency * t for frequency, _, _ in _SLOW_WAVES]
        return np.column_stack([f(p) for p in phases for f in (np.cos, np.sin)]).astype(np.float32)

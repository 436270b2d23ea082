"""Features of the demo without raw traces: drawn from the mean and spread of every unit.

Rendering traces takes the time of the recording; this takes the time of writing the file.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .features import (
    AFTER,
    BEFORE,
    MARGIN,
    filter_matrix,
    masks,
    principal_components,
    troughs,
)
from .probe import Shank
from .traces import NOISE, VOLTAGE_GAIN, extent, make_places, render
from .units import Population, Timing, Unit

_TROUGH_NOISE = 0.6  # spread of the depth of a trough, in standard deviations of the noise


class FeatureMaker:
    """Features and masks of the spikes of one channel group, any range of spikes at a time."""

    def __init__(
        self,
        shank: Shank,
        population: Population,
        timing: Timing,
        n_features: int,
        seed: tuple[int, ...],
    ) -> None:
        self._shank, self._population, self._timing, self._seed = shank, population, timing, seed
        self._places = make_places(population.units)
        matrix = filter_matrix(timing.sample_rate)
        # (n_units, n_places, n_channels, n_samples)
        mean = np.array(
            [
                [_filtered(unit, shank, timing.sample_rate, y, matrix) for y in centres]
                for unit, centres in zip(population.units, self._places.centres, strict=True)
            ]
        )
        noise = (NOISE / VOLTAGE_GAIN) ** 2 * (matrix @ matrix.T).astype(np.float64)
        counts = np.bincount(population.spikes.units, minlength=len(mean)) / len(population.spikes)
        middle = mean[:, mean.shape[1] // 2]
        powers = np.einsum("u,ucs,uct->cst", counts, middle, middle, optimize=True)
        components = principal_components(powers + noise, n_features)
        self._means = np.einsum("upcs,cfs->upcf", mean, components.axes, optimize=True).reshape(
            *mean.shape[:2], -1
        )
        self._depths = troughs(mean)
        spread = np.einsum(
            "cfs,st,cft->cf", components.axes, noise, components.axes, optimize=True
        ).ravel()
        self._spread = np.sqrt(spread).astype(np.float32)
        self._noise = np.full(shank.n_channels, np.sqrt(noise[BEFORE, BEFORE]), dtype=np.float32)

    def make(self, start: int, stop: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Features (n_spikes, n_columns) and masks (n_spikes, n_channels) of ``[start, stop)``."""
        rng = np.random.default_rng((*self._seed, start))
        spikes, part = self._population.spikes, slice(start, stop)
        places = self._places.of(self._population.units, spikes, part, self._timing)
        units, scales = spikes.units[part], spikes.scales[part, None]
        features = rng.standard_normal((stop - start, len(self._spread)), dtype=np.float32)
        features *= self._spread
        features += scales * self._means[units, places]
        depths = rng.standard_normal((stop - start, self._shank.n_channels), dtype=np.float32)
        depths *= _TROUGH_NOISE * self._noise
        depths += scales * self._depths[units, places]
        return features, masks(depths, self._noise, self._shank)


def _filtered(
    unit: Unit, shank: Shank, sample_rate: float, displacement: float, matrix: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The filtered spike of a unit, (n_channels, BEFORE + AFTER), raw units."""
    before, after = extent(sample_rate)
    template = render(unit, shank.positions, sample_rate, displacement)
    left, right = BEFORE + MARGIN - before, AFTER + MARGIN - after
    template = template[max(0, -left) : len(template) - max(0, -right)]
    padded = np.pad(template, ((max(0, left), max(0, right)), (0, 0)))
    return (matrix @ padded).T

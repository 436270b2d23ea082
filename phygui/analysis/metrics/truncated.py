"""A normal distribution of which only what lies above an edge was seen, its mean changing slowly.

Sources
-------
.. [Hausman] Hausman, J. A., Wise, D. A. (1977). Social experimentation, truncated distributions,
   and efficient estimation. Econometrica 45(4), 919-938.
.. [Olsen] Olsen, R. J. (1978). Note on the uniqueness of the maximum likelihood estimator for the
   Tobit model. Econometrica 46(5), 1211-1215.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._threads import one_blas_thread

__all__ = ["n_missing_below"]

MAX_TERMS = 10
"""Cosines of which the mean is a sum: it may go up and down a few times over the recording."""
VALUES_PER_TERM = 60
BLOCK = 40
"""Values in a row that are taken to have one mean, at least."""
MAX_BLOCKS = 64
REACH = 3.5
"""Standard deviations above the centre beyond which a value belongs to something else: spikes
that coincide, or of other units, of which a few would make the distribution wide."""
SPREADS = (0.25, 4.0)
"""Bounds of the standard deviation, over that of the values above the centre."""

Floats = NDArray[np.float64]


def n_missing_below(values: Floats, edge: float) -> float:
    """How many values below an edge were not seen, by those above it.

    Parameters
    ----------
    values : array of float64 (n,)
        In the order of time; those below the edge are left out.
    edge : float

    Returns
    -------
    float
        May be infinite: the values look like the tail of a distribution, not like a part of one.
        NaN where most of them are equal, and nothing lies above.

    Notes
    -----
    Maximum likelihood of a normal distribution truncated at the edge and far above the centre
    ([Hausman]_); in the mean and the inverse of the standard deviation in units of it, as [Olsen]_
    has them, the likelihood has one maximum.
    """
    # scipy is imported where it is needed, so that the package is imported fast.
    from scipy.optimize import minimize

    blocks = _blocks(values, edge)
    if blocks is None:
        return float("nan")
    start = np.append(np.linalg.lstsq(blocks.terms, blocks.means, rcond=None)[0], 0.0)
    narrowest, widest = np.log(SPREADS)
    bounds = [(None, None)] * (len(start) - 1) + [(-widest, -narrowest)]
    with one_blas_thread():
        found = minimize(_loss, start, (blocks,), "L-BFGS-B", jac=True, bounds=bounds).x
    below, inside = _shares(blocks.terms @ found[:-1], np.exp(found[-1]) * blocks.limits)
    return float(np.sum(blocks.counts * below / inside))


class _Blocks(NamedTuple):
    """Values in pieces of the recording, as distances from the edge in units of their spread."""

    counts: Floats
    """(n,)"""
    means: Floats
    """(n,)"""
    squares: Floats
    """Their mean squares: (n,)"""
    limits: Floats
    """Above which nothing is counted: (n,)"""
    terms: Floats
    """(n, n_terms)"""


def _blocks(values: Floats, edge: float) -> _Blocks | None:
    n = int(np.clip(len(values) // BLOCK, 1, MAX_BLOCKS))
    n_terms = int(np.clip(len(values) // VALUES_PER_TERM, 1, MAX_TERMS))
    number = np.arange(len(values)) * n // len(values)
    starts = np.searchsorted(number, np.arange(n))
    centres = _medians(values, number, starts)
    above = (values - centres[number])[values > centres[number]]
    if not len(above):
        return None
    spread = 1.4826 * float(np.median(above))
    limits = centres + REACH * spread
    inside = (values >= edge) & (values <= limits[number])
    number, distances = number[inside], (values[inside] - edge) / spread
    counts = np.bincount(number, minlength=n).astype(np.float64)
    some = np.maximum(counts, 1)
    times = (np.arange(n) + 0.5) / n
    return _Blocks(
        counts,
        np.bincount(number, distances, n) / some,
        np.bincount(number, distances**2, n) / some,
        (limits - edge) / spread,
        np.cos(np.pi * times[:, None] * np.arange(n_terms)),
    )


def _medians(values: Floats, number: NDArray[np.int64], starts: NDArray[np.int64]) -> Floats:
    """Medians of blocks of values, which begin at `starts`; `number` has the block of each."""
    lengths = np.diff(starts, append=len(values))
    # One below the other, with what is larger than all behind the shorter ones.
    table = np.full((len(starts), int(lengths.max())), np.inf)
    table[number, np.arange(len(values)) - starts[number]] = values
    table.sort(axis=1)
    rows = np.arange(len(starts))
    found: Floats = (table[rows, (lengths - 1) // 2] + table[rows, lengths // 2]) / 2
    return found


def _shares(means: Floats, limits: Floats) -> tuple[Floats, Floats]:
    """Of normal distributions of unit width: how much lies below 0, and between it and limits."""
    from scipy.special import ndtr

    # Of a difference of two numbers close to 1 nothing would be left.
    flipped = means < 0
    inside = np.where(
        flipped, ndtr(means) - ndtr(means - limits), ndtr(limits - means) - ndtr(-means)
    )
    return ndtr(-means), np.maximum(inside, 1e-300)


def _loss(parameters: Floats, blocks: _Blocks) -> tuple[float, Floats]:
    """The negative logarithm of the likelihood, per value, and its gradient."""
    scale = np.exp(parameters[-1])
    means, limits = blocks.terms @ parameters[:-1], scale * blocks.limits
    _, inside = _shares(means, limits)
    squares = scale**2 * blocks.squares - 2 * scale * means * blocks.means + means**2
    weights = blocks.counts / blocks.counts.sum()
    loss = weights @ (np.log(inside) + squares / 2) - parameters[-1]
    at_edge, at_limit = (
        np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi) / inside for x in (means, limits - means)
    )
    by_mean = at_edge - at_limit - scale * blocks.means + means
    by_scale = at_limit * limits + scale**2 * blocks.squares - scale * means * blocks.means
    return float(loss), np.append(blocks.terms.T @ (weights * by_mean), weights @ by_scale - 1)

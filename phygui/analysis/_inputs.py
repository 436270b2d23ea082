"""Arrays made ready for the kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

LONGEST_REFRACTORY = 0.1
"""Seconds. No neuron is silent for longer after a spike: such a number was meant otherwise."""


def as_samples(spike_samples: ArrayLike, name: str = "spike_samples") -> NDArray[np.int64]:
    """Spike times in samples, whole numbers; times in seconds are refused, not rounded.

    Raises
    ------
    ValueError
        If they are no vector of integers.
    """
    found = np.asarray(spike_samples)
    if found.ndim == 1 and (found.dtype.kind in "iu" or not found.size):
        return found.astype(np.int64, copy=False)
    if found.dtype.kind == "f":
        raise ValueError(
            f"{name} holds fractions ({found.dtype}), expected whole samples: of seconds, take "
            "np.rint(seconds * sample_rate).astype(int)"
        )
    raise ValueError(
        f"{name} is {found.dtype} of shape {found.shape}, expected a vector of whole samples"
    )


def check_period(period: float, name: str = "the refractory period") -> None:
    """Make sure that a refractory period is told in seconds.

    Raises
    ------
    ValueError
        If it is negative, or longer than any is: milliseconds, or samples.
    """
    if not 0 <= period <= LONGEST_REFRACTORY:
        raise ValueError(f"{name} is {period:g} s, expected seconds, such as 0.002")


def check_rate(sample_rate: float) -> None:
    """Make sure that a sample rate is one: with 0 every time would be the same sample.

    Raises
    ------
    ValueError
        If it is not a positive number.
    """
    if not 0 < sample_rate < np.inf:
        raise ValueError(f"sample_rate is {sample_rate:g}, expected hertz, such as 20000")


def plain(array: ArrayLike, dtype: DTypeLike | None = None) -> NDArray[Any]:
    """A contiguous array of the dtype that may be written to: itself when it is one, else a copy.

    Kernels never write to their inputs, but numba compiles a function anew for read-only arrays
    and is slow to call with them (0.2 ms for each); a copy is cheaper.
    """
    found = np.ascontiguousarray(array, dtype=dtype)
    return found if found.flags.writeable else found.copy()

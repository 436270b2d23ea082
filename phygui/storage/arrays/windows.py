"""Windows of raw data added up, or weighted in one column: compiled where there are many.

The plain loops give the same numbers to the last bit and take ten times as long.
"""

from __future__ import annotations

from typing import Any

import numpy as np

FEW = 5_000
"""Windows that the plain loops go through while the compiled ones would be loaded."""

_are_loaded = False


def load() -> None:
    """Compile the loops for the usual types, or load them from the cache on disk.

    To be called in a thread that nobody waits for. It is harmless to call it twice.
    """
    global _are_loaded
    from . import _window_loops as compiled

    numbers, one = np.zeros(1, np.int64), np.zeros((1, 2), np.int64)
    for raw, total in ((np.int16, np.int32), (np.int16, np.int64), (np.float32, np.float64)):
        block = np.zeros((1, 1), raw)
        compiled.add_windows(block, numbers, numbers, one, numbers, 1, np.zeros(1, total), 1)
        compiled.project(block, numbers, numbers, numbers, np.zeros((1, 1)), np.zeros(1))
    _are_loaded = True


def loops(n_windows: int) -> Any:
    """The module, or what has the same functions, to go through so many windows with.

    ``add_windows(block, starts, owners, columns, begins, width, sums, most)`` adds windows of raw
    data, each to the sum that it belongs to:

    block : (n_rows, n_columns) array
    starts : (n_windows,) int64
        The first row of each window.
    owners : (n_windows,) int64
        Which of the sums each window belongs to. It is fast where those of one follow one another.
    columns : (n_sums, 2) int64
        For each sum the first of its columns, and the one after the last.
    begins : (n_sums,) int64
        Where in ``sums`` each begins.
    width : int
        Rows of a window.
    sums : 1-d array
        All of them, one after the other, each (width, its number of columns) raveled.
    most : int
        See :func:`n_in_short`.

    ``project(block, starts, columns, owners, weights, out)`` takes one column of each window,
    ``columns`` (n_windows,) int64, takes its mean away, and writes the sum of the products with
    row ``owners`` of ``weights``, (n_owners, width) float64, into ``out``, (n_windows,) float64.
    """
    if not (_are_loaded or n_windows > FEW):
        return _Plain
    from . import _window_loops

    return _window_loops


def n_in_short(block: np.ndarray) -> int:
    """Numbers of a block that can be added up as they are stored, in two bytes; 1 of any others."""
    if block.dtype != np.int16 or not block.size:
        return 1
    largest = max(int(block.max()), -int(block.min()), 1)
    return int(np.iinfo(np.int16).max) // largest


class _Plain:
    """The loops without a compiler."""

    @staticmethod
    def add_windows(
        block: np.ndarray,
        starts: np.ndarray,
        owners: np.ndarray,
        columns: np.ndarray,
        begins: np.ndarray,
        width: int,
        sums: np.ndarray,
        most: int,
    ) -> None:
        for owner, start in zip(owners.tolist(), starts.tolist(), strict=True):
            low, high = columns[owner].tolist()
            at = int(begins[owner])
            into = sums[at : at + width * (high - low)].reshape(width, -1)
            into += block[start : start + width, low:high]

    @staticmethod
    def project(
        block: np.ndarray,
        starts: np.ndarray,
        columns: np.ndarray,
        owners: np.ndarray,
        weights: np.ndarray,
        out: np.ndarray,
    ) -> None:
        rows = starts[:, None] + np.arange(weights.shape[1])
        values = block[rows, columns[:, None]].astype(np.float64)
        # Added up one after the other, as a loop does.
        values -= values.cumsum(axis=1)[:, -1:] / weights.shape[1]
        out[:] = (values * weights[owners]).cumsum(axis=1)[:, -1]

"""Compile the numerics before they are needed, so that the first selection does not wait."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np

from phygui._isolation import outside

from .._loops import set_loaded
from .numba_parts import is_cached

__all__ = ["warm_up"]


def warm_up(*, apart: bool = False) -> None:
    """Compile every kernel, or load it from the cache on disk, for the dtypes the program uses.

    To be run in a background thread at start. A first run takes seconds; later ones read the
    cache. It is harmless to call it twice.

    Parameters
    ----------
    apart : bool
        Where there is no cache yet, fill it from another process first. Compiling keeps the
        interpreter busy, which a window would feel even from another thread.
    """
    if apart and not _is_cached():
        # Whatever goes wrong there will be told of here.
        _fill_cache()
    _call_every_kernel()
    set_loaded()


def _fill_cache() -> None:
    """Compile in a process that imports what this one can, but nothing from the current folder."""
    python = sys.executable or ""
    if getattr(sys, "frozen", False) or "python" not in Path(python).name.lower():
        # What runs there is no Python: a program that holds phygui, which would start once more.
        return
    code = (
        "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
        "from phygui.analysis import warm_up; warm_up()"
    )
    command = [python, "-I", "-c", code, json.dumps(outside(sys.path))]
    with suppress(OSError):
        subprocess.run(
            command, check=False, capture_output=True, stdin=subprocess.DEVNULL, cwd=sys.prefix
        )


def _is_cached() -> bool:
    from .. import _kernels

    return is_cached(_kernels)


def _call_every_kernel() -> None:
    from .. import _kernels
    from ..correlograms import correlograms, lag_correlogram
    from ..geometry import points_in_polygon
    from ..units.similarity import _clouds
    from ..units.summaries import summarize

    # What the first selection needs comes first; small work goes to plain numpy if not called so.
    samples = np.array([0, 3, 7], dtype=np.int64)
    counts = np.zeros(6, np.int64)
    _kernels.count_forward_lags(samples, samples, samples, samples, 1, 6, counts)
    _kernels.count_lags_around(samples, samples, samples, samples, 1, 3, counts)
    for traces in (np.float32, np.int16):
        rows = np.zeros((4, 2), traces)
        _kernels.min_max(rows, np.array([0, 2, 4]), np.zeros((2, 2, 2), traces))
    cloud = _clouds([summarize(np.eye(3))])
    _kernels.separations(*cloud, *cloud, np.ones((1, 1), np.bool_), 0.3, np.zeros((1, 1)))
    square, row = np.eye(2), np.zeros(2)
    _kernels.look_from(row, square, square.astype(np.float32), row, row, square, row)
    which, counted = np.arange(2), np.ones(2, np.bool_)
    _kernels.near_ones(row, square, square.astype(np.float32), which, 0, counted, 1.0, row)
    _kernels.sum_chances(row, row, 1, 1.0)
    points_in_polygon(np.zeros((2, 2)), np.array([[-1.0, -1.0], [1.0, -1.0], [0.0, 1.0]]))
    lag_correlogram(samples, samples, [0.0, 1.0, 10.0], 1.0)
    for clusters in (np.int32, np.int64):
        correlograms(samples, np.zeros(3, dtype=clusters), bin_size=1, window_size=10)

"""No code from the current folder, which is mostly that of a dataset."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def forget_current_folder() -> None:
    """Import nothing from the current folder from now on, nor settings of libraries.

    ``python -m phygui`` and an empty entry of ``PYTHONPATH`` put it on the search path. A dataset
    may come from anywhere: a ``yaml.py`` in its folder is no module. Only if phygui itself is
    there, as in a checkout, does it stay.
    """
    sys.path[:] = outside(sys.path)
    # numba takes settings from a file in the current folder if it finds the yaml library, and one
    # of them names the folder of compiled functions, which are unpickled.
    if not _is_here(_ROOT):
        sys.modules["yaml"] = None  # type: ignore[assignment]


def leave_current_folder() -> None:
    """Go to a folder in which no dataset is, for libraries that take the current one on trust.

    Processes that this one starts begin there too.
    """
    os.chdir(_ROOT)
    if "yaml" in sys.modules and sys.modules["yaml"] is None:
        del sys.modules["yaml"]


_ROOT = os.path.abspath(os.sep)


def outside(paths: list[str]) -> list[str]:
    """The entries of a search path that do not depend on the current folder."""
    own = Path(__file__).resolve().parents[1]
    return [
        path for path in paths if os.path.isabs(path) and (_same(path, own) or not _is_here(path))
    ]


def _is_here(path: str) -> bool:
    return _same(path, os.curdir)


def _same(path: str, other: str | Path) -> bool:
    try:
        return os.path.samefile(path, other)
    except OSError:  # a zip archive that is missing, or a folder that is gone
        return False

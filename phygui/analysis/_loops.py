"""Which loops to take: the compiled ones, or plain numpy for small work before they are loaded."""

from __future__ import annotations

from typing import Any

SMALL = 1_000_000
"""Elements that plain numpy goes through in some tens of milliseconds."""

_are_loaded = False


def loops(work: int) -> Any:
    """The module of loops for some work.

    Parameters
    ----------
    work : int
        Elements to be gone through, roughly.
    """
    if work > SMALL or _are_loaded:
        from . import _kernels

        return _kernels
    from . import _plain

    return _plain


def set_loaded() -> None:
    """From now on the compiled loops cost nothing to call."""
    global _are_loaded
    _are_loaded = True

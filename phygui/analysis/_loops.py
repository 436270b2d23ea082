"""Which loops to take: the compiled ones, or plain numpy for small work before they are loaded."""

from __future__ import annotations

from typing import Any

SMALL = 1_000_000
"""Elements that plain numpy goes through in some tens of milliseconds."""

_are_loaded = False


def loops(work: int, *, by_size: bool = False) -> Any:
    """The module of loops for some work.

    Parameters
    ----------
    work : int
        Elements to be gone through, roughly.
    by_size : bool, optional
        Take the same loops whatever is loaded: sums of numbers differ in their last digits between
        the two, and what one process keeps is what another would have found.
    """
    if work > SMALL or (_are_loaded and not by_size):
        from . import _kernels

        return _kernels
    from . import _plain

    return _plain


def set_loaded() -> None:
    """From now on the compiled loops cost nothing to call."""
    global _are_loaded
    _are_loaded = True

"""What loading the data of a view may come to: data, nothing, or nothing any more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


class Cancelled(Exception):
    """The result is no longer wanted."""


Cancel = Callable[[], bool]


def check(cancelled: Cancel) -> None:
    """Stop if the result is no longer wanted.

    Raises
    ------
    Cancelled
    """
    if cancelled():
        raise Cancelled


@dataclass(frozen=True)
class Empty:
    """There is nothing to show, and this is why."""

    reason: str


@dataclass(frozen=True)
class NoParams:
    """A view without settings."""

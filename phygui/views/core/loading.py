"""What loading the data of a view may come to: data, nothing, or nothing any more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from phygui.dataset import KINDS, ShankData, absent_data, why_absent
from phygui.errors import Cancelled

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
    """There is nothing to show, and this is why.

    Attributes
    ----------
    reason : why, in words
    kind : ``features`` or ``traces``, if the user can tell where they are
    elsewhere : files that are said to hold them, which are opened only when the user says so
    """

    reason: str
    kind: str = ""
    elsewhere: tuple[Path, ...] = ()


def missing_data(shank: ShankData, *kinds: str) -> Empty:
    """What a view says that has no data of some kinds, ``features`` or ``traces``, to show."""
    what = " nor ".join(KINDS[kind] for kind in kinds)
    reasons = [why_absent(shank, kind) for kind in kinds]
    empty = Empty(f"No {what}: {'; '.join(reasons).rstrip('.')}.")
    for kind in kinds:
        absent = absent_data(shank, kind)
        if absent is not None and absent.elsewhere:
            return replace(empty, kind=kind, elsewhere=absent.elsewhere)
        if absent is not None and absent.reason:
            return replace(empty, kind=kind)
    where = f"{empty.reason} Choose the file with Dataset > Locate."
    return replace(empty, reason=where, kind=kinds[0])


@dataclass(frozen=True)
class NoParams:
    """A view without settings."""

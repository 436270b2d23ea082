"""What loading the data of a view may come to: data, nothing, or nothing any more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from phygui.io.kwik import KwikModel


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


def missing_data(model: KwikModel, *kinds: str) -> Empty:
    """What a view says that has no data of some kinds, ``features`` or ``traces``, to show."""
    names = {"features": "features", "traces": "raw data"}
    what = " nor ".join(names[kind] for kind in kinds)
    files = " and ".join(model.missing.get(kind, f"the {names[kind]}") for kind in kinds)
    were = "was" if len(kinds) == 1 else "were"
    return Empty(
        f"No {what}: {files} {were} looked for beside {model.path.name}, in vain. "
        "Dataset > Locate tells where it is."
    )


@dataclass(frozen=True)
class NoParams:
    """A view without settings."""

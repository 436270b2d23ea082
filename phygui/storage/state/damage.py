"""What of a journal cannot be read, and how many edits that concerns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from phygui.storage.state.records import MARK, Frame, frame_at
from phygui.words import counted

OTHERS = frozenset({"base", "ids", "saving", "saved"})
"""What records tell of that are no edits; of what else they tell counts as one."""

_OPERATION = re.compile(rb'"op": "([a-z]{1,20})"')
_MOST_CHECKED = 1 << 29
"""Bytes whose checksums are computed: some could be made to look like many long records."""


@dataclass(frozen=True)
class Damage:
    """What cannot be read.

    Attributes
    ----------
    n_edits : int
        Edits from the damage on, whole ones behind it included: they build on what is lost.
    is_exact : bool
        Whether there cannot be more.
    zeros : int
        Number of bytes if all of them are zero; else 0.
    """

    n_edits: int
    is_exact: bool
    zeros: int = 0

    def __str__(self) -> str:
        edits = counted(self.n_edits, "edit")
        if self.is_exact:
            return f"{edits} could not be read" if self.n_edits else "no edit is missing"
        if not self.n_edits:
            return "how many edits could not be read is not known"
        return f"at least {edits} could not be read"


def examine(data: bytes, offset: int) -> Damage:
    """Look at what lies behind the readable part of a journal.

    Parameters
    ----------
    data : bytes
        The journal.
    offset : int
        Where the last readable record ends.
    """
    rest = data[offset:]
    if not rest.strip(b"\0"):
        return Damage(0, not rest, len(rest))
    n_edits, is_exact = 0, True
    for piece, frame in _pieces(data, offset):
        n_edits += _is_edit(piece)
        # What is longer hides others; what is shorter has lost its end, and what came behind it.
        is_exact &= frame is not None and len(piece) == frame.size
    return Damage(n_edits, is_exact)


def _pieces(data: bytes, offset: int) -> Iterator[tuple[bytes, Frame | None]]:
    """What was one record each, damaged or not, with what its head says."""
    n_checked, start = 0, offset
    while start < len(data):
        frame = frame_at(data, start)
        if frame is not None and start + frame.size <= len(data) and n_checked < _MOST_CHECKED:
            n_checked += frame.size
            if frame.is_whole(data, start):
                yield data[start : start + frame.size], frame
                start += frame.size
                continue
        end = data.find(MARK, start + 1)
        end = len(data) if end < 0 else end
        yield data[start:end], frame
        start = end


def _is_edit(piece: bytes) -> bool:
    found = _OPERATION.search(piece)
    return found is None or found[1].decode() not in OTHERS

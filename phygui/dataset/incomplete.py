"""Shanks that cannot be curated, and what they lack."""

from __future__ import annotations

from collections.abc import Container, Sequence
from pathlib import Path

from phygui.dataset.absent import Absent
from phygui.dataset.protocol import ShankData
from phygui.errors import DatasetError

NO_SPIKES = "no spikes"
NO_CLUSTERS = "no clusters"

_WHY = {
    NO_SPIKES: "none were detected on it",
    NO_CLUSTERS: "its spikes were not clustered",
}


def why_incomplete(channel_group: int, lack: str) -> str:
    """Why a channel group shows nothing, in words: ``shank 0 has no spikes: ...``."""
    because = _WHY.get(lack, "it is incomplete")
    return f"shank {channel_group} has {lack}: {because}, so there is nothing to curate"


def chosen_group(
    path: Path, groups: Sequence[int], incomplete: Container[int], wanted: int | None
) -> int:
    """The channel group to open: the one wanted, else the first that can be curated.

    Raises
    ------
    DatasetError
        If there is none of this number.
    """
    if wanted is None:
        return next((group for group in groups if group not in incomplete), groups[0])
    if wanted not in groups:
        raise DatasetError(f"{path} has no shank {wanted!r}, expected one of {list(groups)}.")
    return wanted


KINDS = {"features": "features", "traces": "raw data"}
"""What a shank may lack, and how users call it."""


def absent_data(shank: ShankData, kind: str) -> Absent | None:
    """What is known of data of a kind, ``features`` or ``traces``, that cannot be used."""
    absent = shank.absent.get(kind)
    if absent is None and kind == "traces":
        # There is raw data, but no waveforms can be cut from it.
        absent = shank.absent.get("waveforms")
    return absent


def why_absent(shank: ShankData, kind: str) -> str:
    """Why data of a kind is not there: not found, refused, or out of reach."""
    absent = absent_data(shank, kind)
    if absent is None:
        return f"the {KINDS[kind]} cannot be read"
    return absent.why(shank.path)

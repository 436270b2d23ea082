"""Shanks that cannot be curated, and what they lack."""

from __future__ import annotations

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

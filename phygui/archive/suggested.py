"""How many suggestions of a dataset wait for somebody to decide about them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from phygui.archive.pictures import Preview
from phygui.curation.durability.sidecar import read_rejected_clusters, read_rejections

KINDS = ("merges", "splits", "candidates")


def n_suggested(
    preview: Preview,
    folder: Path,
    shank: int,
    prints: Mapping[int, str],
    undecided: Collection[int],
) -> int | None:
    """Suggestions that a preparation has counted, without those that were decided about since.

    Parameters
    ----------
    preview : Preview
        What the preparation has left.
    folder : Path
        The state folder of the dataset.
    shank : int
    prints : mapping of int to str
        Fingerprint of the spikes of each cluster.
    undecided : collection of int
        Clusters that are still Unsorted.

    Returns
    -------
    int or None
        None where none were looked for, or the clusters are others by now.
    """
    living, told = set(prints.values()), preview.told
    try:
        n_clusters = int(told["n_clusters"])
        counts = {kind: int(n) for kind in KINDS if (n := told["suggested"].get(kind)) is not None}
        is_of_these = n_clusters == len(prints) and living.issuperset(preview.prints)
        candidates = told.get("candidates")
        waiting = None if candidates is None else set(map(str, candidates))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    if not (is_of_these and counts):
        return None
    refused = sum(living.issuperset(pair) for pair in read_rejections(folder, shank))
    refused += len(living & read_rejected_clusters(folder, shank, "splits"))
    refused_groups = living & read_rejected_clusters(folder, shank, "groups")
    if waiting is None:
        # Left by a version that did not tell which clusters they are.
        refused += len(refused_groups)
    else:
        # Whoever gives a candidate a group has decided about it, whichever group that is.
        counts["candidates"] = len(
            waiting.intersection(prints[c] for c in undecided) - refused_groups
        )
    return max(sum(counts.values()) - refused, 0)

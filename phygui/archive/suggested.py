"""How many suggestions of a dataset wait for somebody to decide about them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from phygui.curation.durability.sidecar import read_rejected_clusters, read_rejections
from phygui.curation.statistics.cache import small_arrays
from phygui.storage.state.state_files import parse_json

KINDS = ("merges", "splits", "candidates")


def n_suggested(folder: Path, shank: int, prints: Mapping[int, str]) -> int | None:
    """Suggestions that a preparation has counted, without those that were turned down since.

    Parameters
    ----------
    folder : Path
        The state folder of the dataset.
    shank : int
    prints : mapping of int to str
        Fingerprint of the spikes of each cluster.

    Returns
    -------
    int or None
        None where none were looked for, or the clusters are others by now.
    """
    arrays = small_arrays(folder / "prepared" / f"previews-{shank}.npz", ("info",))
    living = set(prints.values())
    try:
        told = parse_json(arrays["info"].tobytes())
        n_clusters = int(told["n_clusters"])
        counts = [int(n) for n in map(told["suggested"].get, KINDS) if n is not None]
        is_of_these = n_clusters == len(prints) and living.issuperset(told["prints"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    if not (is_of_these and counts):
        return None
    refused = sum(living.issuperset(pair) for pair in read_rejections(folder, shank))
    for what in ("splits", "groups"):
        refused += len(living & read_rejected_clusters(folder, shank, what))
    return max(sum(counts) - refused, 0)

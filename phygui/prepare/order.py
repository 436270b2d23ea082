"""What is to be prepared and what was: plain values that go from one process to another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from phygui.errors import DatasetError
from phygui.words import no_such

WHAT = ("stats", "metrics", "similarity", "splits", "merges", "groups", "previews")
"""All that can be prepared, in the order in which it is; what another needs is done with it."""
NEEDS: Mapping[str, tuple[str, ...]] = {
    "metrics": ("stats",),
    "similarity": ("stats",),
    "splits": ("stats",),
    "merges": ("stats", "metrics"),
    "groups": ("stats", "metrics"),
    "previews": ("stats",),
}


@dataclass(frozen=True)
class Order:
    """What is to be prepared of one dataset.

    Attributes
    ----------
    path : Path
        Its file or folder.
    channel_group : int or None
        The shank; None for all.
    clustering : str or None
        By default the first one of each shank that may be edited.
    what : tuple of str
        Some of :data:`WHAT`.
    folder : Path or None
        Where the files go, where not beside the dataset.
    ranking : str or None
        Name of the similarity; by default that of the program.
    """

    path: Path
    channel_group: int | None = None
    clustering: str | None = None
    what: tuple[str, ...] = WHAT
    folder: Path | None = None
    ranking: str | None = None

    def wants(self, what: str) -> bool:
        """Whether something is to be done, for itself or for what needs it."""
        return what in self.what or any(what in NEEDS.get(each, ()) for each in self.what)


@dataclass(frozen=True)
class ShankPrepared:
    """What is known of a shank now.

    Attributes
    ----------
    computed : mapping of str to int
        Of how many clusters each was computed this time, by the names in :data:`WHAT`.
    n_merges, n_splits, n_candidates : int or None
        Merges, splits and candidates for Noise and MUA that are suggested, also those that
        somebody has turned down; None where that was not asked for.
    """

    channel_group: int
    clustering: str
    n_clusters: int
    n_spikes: int
    computed: Mapping[str, int] = field(default_factory=dict)
    n_merges: int | None = None
    n_splits: int | None = None
    n_candidates: int | None = None


@dataclass(frozen=True)
class Prepared:
    """What came of one dataset.

    Attributes
    ----------
    seconds : float
        Of work; where several processes shared it, all theirs together.
    problem : str
        Why it is not prepared, in one sentence; empty if it is.
    """

    path: Path
    shanks: tuple[ShankPrepared, ...] = ()
    seconds: float = 0.0
    problem: str = ""

    @property
    def n_clusters(self) -> int:
        """Clusters of all shanks."""
        return sum(shank.n_clusters for shank in self.shanks)

    @property
    def computed(self) -> dict[str, int]:
        """Of how many clusters each was computed this time."""
        total: Counter[str] = Counter()
        for shank in self.shanks:
            total.update(shank.computed)
        return dict(total)

    def as_json(self) -> dict[str, Any]:
        """It as JSON has it."""
        return {
            "path": str(self.path),
            "problem": self.problem,
            "seconds": round(self.seconds, 3),
            "clusters": self.n_clusters,
            "shanks": [
                {
                    "shank": of.channel_group,
                    "clustering": of.clustering,
                    "clusters": of.n_clusters,
                    "spikes": of.n_spikes,
                    "computed": dict(of.computed),
                    "merges": of.n_merges,
                    "splits": of.n_splits,
                    "candidates": of.n_candidates,
                }
                for of in self.shanks
            ],
        }


def chosen(what: Iterable[str] | str) -> tuple[str, ...]:
    """Some of :data:`WHAT`, in its order.

    Raises
    ------
    DatasetError
        If one of them is none.
    """
    names = [what] if isinstance(what, str) else list(what)
    for name in names:
        if name not in WHAT:
            raise DatasetError(no_such("kind of preparation", repr(name), WHAT))
    return tuple(name for name in WHAT if name in names)

"""What was stored before the first save, as the oldest state that can be brought back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from phygui.curation.edits.groups import ClusterGroups
from phygui.dataset import ClusteringStore, Key
from phygui.errors import DatasetError
from phygui.storage.state.backups import Backup
from phygui.storage.state.records import Record


@dataclass(frozen=True)
class Original(Backup):
    """Every clustering that can be read of what was stored before the first save."""

    store: ClusteringStore | None = None

    def records(self) -> Iterator[Record]:
        """What it holds: one record per clustering, read as they are asked for.

        Raises
        ------
        DatasetError
            If it is damaged or gone.
        """
        assert self.store is not None
        for key in self.tallies:
            yield self.store.read(key).record(key)

    @property
    def title(self) -> str:
        """What it is called in a list."""
        return "original"

    @property
    def words(self) -> str:
        """What it is called in a sentence."""
        return "the state from before the first save"

    def __str__(self) -> str:
        return f"original, from before the first save; {self.clusters}"


def original_of(store: ClusteringStore) -> Original | None:
    """The original of a dataset; None where nothing was saved yet, or it cannot be read."""
    tallies: dict[Key, dict[str, int]] = {}
    try:
        original = store.original()
        if original is None:
            return None
        time = original.written_at()
        for key in original.all_keys():
            try:
                state = original.read(key)
            except DatasetError:
                continue
            groups = ClusterGroups(dict(state.cluster_groups), dict(state.group_names))
            tallies[key] = groups.tally(list(state.cluster_groups))
    except (DatasetError, OSError, ValueError, OverflowError):
        return None
    return Original(original.path, time, 0, tallies, original) if tallies else None

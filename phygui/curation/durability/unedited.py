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
class Unedited(Backup):
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
        return "unedited"

    @property
    def words(self) -> str:
        """What it is called in a sentence."""
        return "the state from before the first save"

    def __str__(self) -> str:
        return f"unedited, from before the first save; {self.clusters}"


def unedited_of(store: ClusteringStore) -> Unedited | None:
    """The unedited state of a dataset; None where nothing was saved yet, or it cannot be read."""
    tallies: dict[Key, dict[str, int]] = {}
    try:
        unedited = store.unedited()
        if unedited is None:
            return None
        time = unedited.written_at()
        for key in unedited.all_keys():
            try:
                state = unedited.read(key)
            except DatasetError:
                continue
            groups = ClusterGroups(dict(state.cluster_groups), dict(state.group_names))
            tallies[key] = groups.tally(list(state.cluster_groups))
    except (DatasetError, OSError, ValueError, OverflowError):
        return None
    return Unedited(unedited.path, time, 0, tallies, unedited) if tallies else None

"""The state of a session that was published last: what title and history show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from phygui.curation.edits.update import Selection, Update
from phygui.curation.opened import Curation
from phygui.dataset.groups import UNSORTED


@dataclass(frozen=True)
class Shown:
    """The active clustering at one moment; nothing of it changes afterwards.

    The session itself can be ahead of it, by edits that are on their way to the disk.
    """

    generation: int
    channel_group: int
    clustering: str
    selection: Selection
    spikes_per_cluster: Mapping[int, NDArray[np.int64]]
    """Sorted spike ids of every cluster."""
    cluster_groups: Mapping[int, int]
    """Number of the group of every cluster."""
    group_names: Mapping[int, str]
    labels: Mapping[int, Mapping[str, str]]
    """Labels of the clusters that have any."""
    history: tuple[Update, ...]
    history_position: int
    saved_position: int | None
    first_tally: Mapping[int, int]
    """Number of clusters in each group before the first edit; empty if that is not known."""
    n_unsaved: int
    """Edits of all clusterings that are not in the file."""
    is_modified: bool

    @classmethod
    def of(cls, active: Curation, curations: Iterable[Curation], generation: int) -> Shown:
        """The state of the active one of some clusterings as it is now."""
        history, all_histories = active.history, [c.history for c in curations]
        spikes = dict(active.clustering.spikes_per_cluster)
        return cls(
            generation=generation,
            channel_group=active.channel_group,
            clustering=active.name,
            selection=active.selection,
            spikes_per_cluster=spikes,
            cluster_groups={c: active.groups[c] for c in spikes},
            group_names=active.groups.names,
            labels=dict(active.labels.items()),
            history=history.updates,
            history_position=history.position,
            saved_position=history.saved_position,
            first_tally=dict(active.first_tally),
            n_unsaved=sum(of.n_unsaved for of in all_histories),
            is_modified=any(of.is_modified for of in all_histories),
        )

    @property
    def n_decided(self) -> int:
        """Number of clusters that are in a group other than Unsorted."""
        return sum(group != UNSORTED for group in self.cluster_groups.values())

    def tally_at(self, position: int) -> Mapping[int, int]:
        """Number of clusters in each group after so many edits; empty where it is not known."""
        return self.history[position - 1].tally if position else self.first_tally

"""Parts that stand in the place of clusters, as if these were split, before anything is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from phygui.curation.edits.update import in_words
from phygui.curation.statistics.snapshot import Snapshot
from phygui.curation.suggestions.splitting.parts import Parts


@dataclass(frozen=True)
class Proposal:
    """Parts of the selected clusters, to be looked at; the next edit or selection ends it."""

    parts: Parts
    first_id: int
    """The id that the next new cluster gets: the parts are called what they will be called."""
    generation: int
    """That of the session as long as the parts are shown."""

    @property
    def ids(self) -> tuple[int, ...]:
        """What the parts are called."""
        return tuple(range(self.first_id, self.first_id + self.parts.n_parts))

    @cached_property
    def spikes(self) -> Mapping[int, NDArray[np.int64]]:
        """Spikes of each part; always the same arrays, by which views know what they have drawn."""
        return {each: self.parts.spikes(k) for k, each in enumerate(self.ids)}

    def snapshot(self, snapshot: Snapshot) -> Snapshot:
        """A session in which the parts were clusters, and selected; nothing is done to it.

        A single part is the clusters as they are.
        """
        if self.parts.n_parts < 2:
            return snapshot
        gone = set(self.parts.clusters)
        spikes = {c: of for c, of in snapshot.spikes_per_cluster.items() if c not in gone}
        group = snapshot.cluster_groups[self.parts.clusters[0]]
        return replace(
            snapshot,
            spikes_per_cluster={**spikes, **self.spikes},
            cluster_ids=self.ids,
            cluster_groups={**snapshot.cluster_groups, **dict.fromkeys(self.ids, group)},
        )

    def in_words(self) -> str:
        """What is shown."""
        clusters, n = self.parts.clusters, self.parts.n_parts
        whose = f"{'cluster' if len(clusters) == 1 else 'clusters'} {in_words(clusters)}"
        return f"{n} parts of {whose}" if n > 1 else f"{whose}: one part, it looks like one unit"

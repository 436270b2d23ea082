"""Which clusters may well be several units: looked at one by one, kept true after every edit."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import SplitScore, collided_share
from phygui.curation.edits.clustering import Clustering
from phygui.curation.edits.update import EditError
from phygui.curation.statistics.cluster_statistics import Knowledge
from phygui.curation.statistics.snapshot import Snapshot
from phygui.curation.statistics.stats import Cancel
from phygui.curation.suggestions.kept import Kept
from phygui.curation.suggestions.splitting.parts import Parts, find_parts

LEAST_SCORE = 0.5
"""Clusters with a score below this are not suggested: they are likelier one unit than several."""
LEAST_SHARE = 0.05
"""Share of the spikes in the second largest part below which it is what strays anywhere."""
MOST_COLLIDED = 0.4
"""Share of a part that is there since spikes of other clusters collided with it, above which it is
no unit. In simulated data 18% was the most in parts that were units, 52% the least in others."""
LEAST_SPIKES = 20
"""Spikes of the second largest part below which nothing is suggested."""


@dataclass(frozen=True)
class SplitSuggestion:
    """A cluster, and the parts that look like units of their own."""

    parts: Parts
    evidence: SplitScore
    is_rejected: bool = False

    @property
    def clusters(self) -> tuple[int, ...]:
        """The cluster to be split, alone."""
        return self.parts.clusters

    @property
    def cluster(self) -> int:
        """The cluster to be split."""
        return self.parts.clusters[0]


@dataclass(frozen=True)
class FoundSplits:
    """What a worker has found out about some clusters."""

    splits: SplitSuggestions
    parts: Mapping[int, Parts | None]
    """Of each cluster looked at, its parts; None where it looks like one unit."""
    epoch: int = 0


class SplitSuggestions:
    """Clusters that may be several units, by decreasing evidence.

    What is known of a cluster stays true as long as it lives, and comes back when an undo brings it
    back; an edit leaves nothing to do but the clusters that it makes.

    Parameters
    ----------
    clustering : Clustering
    knowledge : Knowledge
        Of the same clusters; a cluster is looked at once its stats are computed.

    Attributes
    ----------
    is_recalled : bool
        Whether what an earlier session found out has been asked for.
    rejected : set of str
        Clusters that the user does not want to split, by the fingerprints of their spikes.
    """

    def __init__(self, clustering: Clustering, knowledge: Knowledge) -> None:
        self._clustering = clustering
        self._knowledge = knowledge
        self._parts: dict[int, Parts | None] = {}
        self._order: list[tuple[float, int]] = []
        self._epoch = 0
        self.is_recalled = False
        self.rejected: set[str] = set()

    def forget(self) -> None:
        """Other data has come in: all clusters are to be looked at again."""
        self._parts = {}
        self._order = []
        self._epoch += 1
        self.is_recalled = False

    # -- what is still to be done ------------------------------------------------------------

    def missing(self) -> list[int]:
        """Living clusters that have not been looked at yet."""
        return [c for c in self._clustering.spikes_per_cluster if c not in self._parts]

    def progress(self) -> tuple[int, int]:
        """Number of living clusters that have been looked at, and of all."""
        n = len(self._clustering)
        return n - len(self.missing()), n

    def job(
        self, snapshot: Snapshot, n_clusters: int = 4
    ) -> Callable[[Cancel], FoundSplits] | None:
        """The next piece of what is to be done, for any thread; None if nothing is.

        Selected clusters come first, and none before its stats are computed.
        """
        missing = [c for c in self.missing() if self._knowledge.is_computed(c)]
        chosen = [c for c in snapshot.cluster_ids if c in missing]
        ids = (chosen + [c for c in missing if c not in chosen])[:n_clusters]
        if not ids:
            return None
        stats = {c: self._knowledge.stats[c] for c in ids}
        epoch = self._epoch

        def look(cancelled: Cancel) -> FoundSplits:
            found: dict[int, Parts | None] = {}
            for cluster_id in ids:
                try:
                    parts = find_parts(snapshot, (cluster_id,), stats, cancelled=cancelled)
                except EditError:
                    found[cluster_id] = None
                    continue
                if parts is None:
                    break
                is_told = _is_worth_telling(parts) and not _are_collisions(snapshot, parts)
                found[cluster_id] = parts if is_told else None
            return FoundSplits(self, found, epoch)

        return look

    def add(self, found: FoundSplits) -> bool:
        """Take over what was found out; returns whether there are other suggestions now."""
        if found.epoch != self._epoch:
            return False
        new = {c: parts for c, parts in found.parts.items() if c not in self._parts}
        self._parts.update(new)
        for cluster_id, parts in new.items():
            if parts is not None and parts.evidence is not None:
                insort(self._order, (-parts.evidence.score, cluster_id))
        return any(parts is not None for parts in new.values())

    # -- what is kept ------------------------------------------------------------------------

    def known(self) -> Kept:
        """What was found out, by the fingerprints of spikes."""
        found: dict[str, tuple[NDArray[np.int64], SplitScore] | None] = {}
        for cluster_id, parts in self._parts.items():
            key = self._knowledge.prints.get(cluster_id)
            if key is not None and parts is None:
                found[key] = None
            elif key is not None and parts is not None and parts.evidence is not None:
                found[key] = (parts.labels, parts.evidence)
        return Kept(parts=found)

    def recall(self, kept: Kept, snapshot: Snapshot) -> FoundSplits:
        """What an earlier session has found out about the clusters that live now."""
        found: dict[int, Parts | None] = {}
        for cluster_id, spike_ids in snapshot.spikes_per_cluster.items():
            key = self._knowledge.prints.get(cluster_id, "")
            if key not in kept.parts:
                continue
            told = kept.parts[key]
            if told is None:
                found[cluster_id] = None
            elif len(told[0]) == len(spike_ids):
                found[cluster_id] = Parts((cluster_id,), spike_ids, *told)
        return FoundSplits(self, found, self._epoch)

    # -- what is suggested -------------------------------------------------------------------

    def ranked(
        self,
        skips: Callable[[int], bool] = lambda _: False,
        *,
        rejected: bool = False,
        limit: int = 200,
        among: Mapping[int, NDArray[np.int64]] | None = None,
    ) -> list[SplitSuggestion]:
        """Clusters to split by decreasing score.

        Parameters
        ----------
        skips : callable
            Whether a cluster is passed over, as noise is.
        rejected : bool
            Also those that were turned down.
        limit : int
            Most clusters to return.
        among : mapping of int to array of int, optional
            The clusters with their spikes; by default those that live now.
        """
        found: list[SplitSuggestion] = []
        spikes = self._clustering.spikes_per_cluster if among is None else among
        for _, cluster_id in self._order:
            if cluster_id not in spikes or skips(cluster_id):
                continue
            is_rejected = self.is_rejected(cluster_id)
            parts = self._parts[cluster_id]
            if (is_rejected and not rejected) or parts is None or parts.evidence is None:
                continue
            found.append(SplitSuggestion(parts, parts.evidence, is_rejected))
            if len(found) == limit:
                break
        return found

    def is_rejected(self, cluster_id: int) -> bool:
        """Whether the user does not want to split a cluster."""
        return self._knowledge.prints.get(cluster_id) in self.rejected

    def reject(self, cluster_id: int, *, rejected: bool = True) -> None:
        """Do not suggest to split a cluster any more, or suggest it again."""
        key = self._knowledge.prints.get(cluster_id)
        if key is not None and rejected:
            self.rejected.add(key)
        elif key is not None:
            self.rejected.discard(key)


def _is_worth_telling(parts: Parts) -> bool:
    if parts.n_parts < 2 or parts.evidence is None or parts.evidence.score < LEAST_SCORE:
        return False
    second = parts.evidence.n_spikes[1]
    return second >= max(LEAST_SPIKES, LEAST_SHARE * len(parts.spike_ids))


def _are_collisions(snapshot: Snapshot, parts: Parts) -> bool:
    """Whether all parts but the largest are there only since other units fired at the same time."""
    clock = snapshot.shank.clock

    def share(part: int) -> float:
        trains = clock.train(parts.spikes(part)), clock.train(parts.spike_ids[parts.labels != part])
        return collided_share(*trains, clock.sorted_samples, clock.sample_rate)

    return all(share(part) > MOST_COLLIDED for part in range(1, parts.n_parts))

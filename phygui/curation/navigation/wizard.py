"""Which cluster comes next: the best queue, the match queue, and what an edit selects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from phygui.curation.edits.groups import ClusterGroups
from phygui.curation.edits.update import Selection, Update
from phygui.dataset.groups import MUA, NOISE, UNSORTED

Ranking = Sequence[tuple[int, float]]
"""Clusters with their similarity to another one, most similar first."""


class Lists(Protocol):
    """The lists that the user looks at: in what order clusters stand there, and which are hidden.

    All of it holds for the clusters as the last edit left them.
    """

    def clusters(self) -> list[int]:
        """All living clusters in their order, also those that are hidden."""
        ...

    def matches(self, ranking: Ranking) -> list[int]:
        """The candidates of a ranking in their order, without those that are hidden."""
        ...

    def is_in_sight(self, cluster_id: int) -> bool:
        """Whether a living cluster is not hidden."""
        ...

    def has_place(self, cluster_id: int) -> bool:
        """Whether it is known where a living cluster stands: what it is sorted by."""
        ...


class ByQuality:
    """Clusters by decreasing quality, matches by decreasing similarity, nothing hidden.

    Parameters
    ----------
    clusters : callable
        Returns the living clusters, a container of ids.
    quality : callable
        Quality of a cluster.
    """

    def __init__(
        self, clusters: Callable[[], Mapping[int, object]], quality: Callable[[int], float]
    ) -> None:
        self._clusters = clusters
        self._quality = quality

    def clusters(self) -> list[int]:
        """All living clusters."""
        return sorted(self._clusters(), key=lambda c: (-self._quality(c), c))

    def matches(self, ranking: Ranking) -> list[int]:
        """The candidates of a ranking."""
        return [c for c, _ in ranking]

    def is_in_sight(self, cluster_id: int) -> bool:
        """Whether a cluster is not hidden."""
        return True

    def has_place(self, cluster_id: int) -> bool:
        """Whether it is known where a cluster stands."""
        return True


class Wizard:
    """Walks the clusters in the order in which the user sees them.

    Parameters
    ----------
    clusters : callable
        Returns the living clusters, a container of ids.
    groups : ClusterGroups
        Their groups.
    quality : callable
        Quality of a cluster, which they go by as long as there is no list.
    similar : callable
        Candidates for a cluster, most similar first. They may include clusters that navigation
        skips; those are passed over here.

    Attributes
    ----------
    skip_noise_and_mua : bool
        Whether navigation passes over noise and MUA.
    lists : Lists
        What the user looks at: navigation goes by its order, and passes over what it hides.
    """

    def __init__(
        self,
        clusters: Callable[[], Mapping[int, object]],
        groups: ClusterGroups,
        quality: Callable[[int], float],
        similar: Callable[[int], Ranking],
    ) -> None:
        self._clusters = clusters
        self._groups = groups
        self.quality = quality
        self.similar = similar
        self.skip_noise_and_mua = True
        self.lists: Lists = ByQuality(clusters, quality)
        self._before: list[int] = []
        """In what order clusters stood before the edit that is being made."""
        self._parts: frozenset[int] = frozenset()
        """What the last split has made: a move goes on among them as long as they are selected."""
        self._made: tuple[int, list[int], list[int]] | None = None
        """A new cluster, and what stood before and after the one that it was made of."""

    def walk_like(self, other: Wizard) -> None:
        """Go by the same lists as another one, and pass over what it passes over."""
        self.skip_noise_and_mua, self.lists = other.skip_noise_and_mua, other.lists

    # -- queues ----------------------------------------------------------------------------

    def skips(self, cluster_id: int) -> bool:
        """Whether navigation passes over a cluster."""
        return self.skips_group(self._groups[cluster_id])

    def skips_group(self, group: int) -> bool:
        """Whether navigation passes over the clusters of a group, given by its number."""
        return self.skip_noise_and_mua and group in (NOISE, MUA)

    def is_decided(self, cluster_id: int) -> bool:
        """Whether a cluster has been put into a group other than Unsorted."""
        return self._groups[cluster_id] != UNSORTED

    def best_queue(self) -> list[int]:
        """Living clusters in their order, also those that are hidden or skipped."""
        return self.lists.clusters()

    def match_queue(self, best: int) -> list[int]:
        """Candidates for a cluster in their order, without those that are hidden."""
        living = self._clusters()
        ranking = [(c, value) for c, value in self.similar(best) if c in living and c != best]
        return self.lists.matches(ranking)

    def progress(self) -> tuple[int, int]:
        """Number of decided clusters, and of all."""
        living = self._clusters()
        return sum(map(self.is_decided, living)), len(living)

    # -- navigation ------------------------------------------------------------------------

    def step_best(self, now: Selection, step: int) -> Selection:
        """The next (step 1) or previous (step -1) best cluster, with its first match."""
        start = now.best[0] if now.best else None
        found = self._step_best(start, step)
        return now if found is None else self.with_first_match(found)

    def step_match(self, now: Selection, step: int) -> Selection:
        """The next or previous match of the best cluster; stays where there is none."""
        if not now.best:
            return self.step_best(now, 1)
        queue = [c for c in self.match_queue(now.best[0]) if c not in now.best]
        start = now.match[-1 if step > 0 else 0] if now.match else None
        if start is None and step < 0:
            return now
        found = self._step(queue, start, step)
        return now if found is None else Selection(now.best, (found,))

    def end(self, now: Selection, *, first: bool) -> Selection:
        """The first or last best cluster, with its first match; stays where there is none."""
        found = self._step_best(None, 1 if first else -1)
        return now if found is None else self.with_first_match(found)

    def with_first_match(self, best: int) -> Selection:
        """A cluster and the first of its matches that navigation does not skip."""
        found = self._step(self.match_queue(best), None, 1)
        return Selection((best,), () if found is None else (found,))

    # -- after an edit ---------------------------------------------------------------------

    def begin(self) -> None:
        """An edit is about to be made: the walk goes on from where clusters stand now."""
        self._before = self.best_queue()

    def after(self, update: Update, now: Selection, moved: Iterable[int] = ()) -> Selection:
        """What is selected after an edit that has just been made.

        Parameters
        ----------
        update : Update
        now : Selection
            What was selected before.
        moved : iterable of int, optional
            Clusters that were asked to be in a group, some of which may have been there already;
            by default those that the update moves.
        """
        before, self._before = self._before, []
        if update.kind == "merge":
            self._keep_place(update.added[0], now, before)
            return self.with_first_match(update.added[0])
        if update.kind in ("split", "assign"):
            self._keep_place(update.added[0], now, before)
            self._parts = frozenset(update.added)
            # Each is decided by itself: what moves the best cluster moves one of them.
            return Selection(update.added[:1], update.added[1:])
        if update.kind == "group":
            return self.after_move(tuple(moved) or update.groups_after, now, before)
        if update.kind == "restore":
            living = self._clusters()
            best, match = (tuple(c for c in part if c in living) for part in (now.best, now.match))
            return Selection(best, match)
        return now

    def after_move(
        self, clusters: Iterable[int], now: Selection, before: Sequence[int] = ()
    ) -> Selection:
        """The next undecided cluster of the moved kind: of the best, else of the matches.

        After the first part of a split come the others that are still selected beside it.

        Parameters
        ----------
        clusters : iterable of int
            Those that were moved.
        now : Selection
        before : sequence of int, optional
            The order before the move, in which those stand elsewhere that are sorted by groups.
        """
        moved = set(clusters)
        if moved & set(now.best):
            # Once something else is decided, parts of an earlier split are matches as any other.
            is_of_split = bool(moved & set(now.best) & self._parts)
            others = now.match if is_of_split else ()
            parts = [c for c in others if c in self._parts and not self.is_decided(c)]
            if len(parts) > 1:
                return Selection((parts[0],), tuple(parts[1:]))
            if parts:
                return self.with_first_match(parts[0])
            start = next((c for c in now.best if c in moved), None)
            queue = before or self._queue_from(start)
            in_sight = self.lists.is_in_sight
            found = self._step(queue, start, 1, in_sight, undecided=True)
            if found is None:
                found = self._step(queue, None, 1, in_sight, undecided=True)
            return now if found is None else self.with_first_match(found)
        if moved & set(now.match) and now.best:
            queue = [c for c in self.match_queue(now.best[0]) if c not in now.best]
            start = next(c for c in now.match if c in moved)
            found = self._step(queue, start, 1, undecided=True)
            if found is None:
                found = self._step(queue, None, 1, undecided=True)
            return Selection(now.best, () if found is None else (found,))
        return now

    def _keep_place(self, made: int, now: Selection, before: list[int]) -> None:
        """Until it is known where a new cluster stands, the walk goes on from where it was."""
        old = now.best[0] if now.best else None
        if self._made is not None and self._made[0] == old:
            self._made = made, *self._made[1:]
        elif old in before:
            at = before.index(old)
            self._made = made, before[:at], before[at + 1 :]

    def _step_best(self, start: int | None, step: int) -> int | None:
        """The first best cluster after ``start`` that is in sight and not skipped."""
        return self._step(self._queue_from(start), start, step, self.lists.is_in_sight)

    def _queue_from(self, start: int | None) -> list[int]:
        """The best queue, for a walk that begins at a cluster."""
        if self._made is None or self._made[0] != start or self.lists.has_place(start):
            self._made = None
            return self.best_queue()
        _, before, after = self._made
        living = self._clusters()
        return [c for c in (*before, start, *after) if c in living]

    def _step(
        self,
        queue: Sequence[int],
        start: int | None,
        step: int,
        is_in_sight: Callable[[int], bool] = lambda _: True,
        *,
        undecided: bool = False,
    ) -> int | None:
        """The first cluster after ``start`` that is not skipped; from the end that step enters."""
        ordered = queue if step > 0 else queue[::-1]
        position = ordered.index(start) + 1 if start in ordered else 0
        for cluster_id in ordered[position:]:
            if self.skips(cluster_id) or (undecided and self.is_decided(cluster_id)):
                continue
            if is_in_sight(cluster_id):
                return cluster_id
        return None

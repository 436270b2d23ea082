"""Which cluster comes next: the best queue, the match queue, and what an edit selects."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Iterable, Mapping, Sequence

from phygui.curation.edits.groups import ClusterGroups
from phygui.curation.edits.update import Selection, Update
from phygui.dataset.groups import MUA, NOISE, UNSORTED

Ranking = Sequence[tuple[int, float]]
"""Clusters with their similarity to another one, most similar first."""


class Wizard:
    """Walks the clusters in the order in which they are worth a look.

    Parameters
    ----------
    clusters : callable
        Returns the living clusters, a container of ids.
    groups : ClusterGroups
        Their groups.
    quality : callable
        Quality of a cluster; the best queue goes by decreasing quality.
    similar : callable
        Candidates for a cluster, most similar first. They may include clusters that navigation
        skips; those are passed over here.

    Attributes
    ----------
    skip_noise_and_mua : bool
        Whether navigation passes over noise and MUA.
    is_in_sight : callable
        Whether a cluster is in the list that the user looks at; navigation passes over best
        clusters that are not, as those that a filter hides.
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
        self.is_in_sight: Callable[[int], bool] = lambda _: True
        self._place: tuple[int, tuple[float, int]] | None = None

    def walk_like(self, other: Wizard) -> None:
        """Pass over what another one passes over."""
        self.skip_noise_and_mua, self.is_in_sight = other.skip_noise_and_mua, other.is_in_sight

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
        """Living clusters by decreasing quality, then by id."""
        return sorted(self._clusters(), key=self._rank)

    def match_queue(self, best: int) -> list[int]:
        """Candidates for a cluster by decreasing similarity."""
        living = self._clusters()
        return [c for c, _ in self.similar(best) if c in living and c != best]

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
        if update.kind == "merge":
            self._keep_place(update.added[0], now)
            return self.with_first_match(update.added[0])
        if update.kind in ("split", "assign"):
            self._keep_place(update.added[0], now)
            return Selection(update.added)
        if update.kind == "group":
            return self.after_move(tuple(moved) or update.groups_after, now)
        if update.kind == "restore":
            living = self._clusters()
            best, match = (tuple(c for c in part if c in living) for part in (now.best, now.match))
            return Selection(best, match)
        return now

    def after_move(self, clusters: Iterable[int], now: Selection) -> Selection:
        """The next undecided cluster of the moved kind: of the best, else of the matches."""
        moved = set(clusters)
        if moved & set(now.best):
            start = next((c for c in now.best if c in moved), None)
            found = self._step_best(start, 1, undecided=True)
            if found is None:
                found = self._step_best(None, 1, undecided=True)
            return now if found is None else self.with_first_match(found)
        if moved & set(now.match) and now.best:
            queue = [c for c in self.match_queue(now.best[0]) if c not in now.best]
            start = next(c for c in now.match if c in moved)
            found = self._step(queue, start, 1, undecided=True)
            if found is None:
                found = self._step(queue, None, 1, undecided=True)
            return Selection(now.best, () if found is None else (found,))
        return now

    def _keep_place(self, made: int, before: Selection) -> None:
        """The walk goes on from where it was, whatever the quality of what was made there."""
        if before.best:
            old = before.best[0]
            kept = self._place is not None and self._place[0] == old
            self._place = made, self._place[1] if kept and self._place else self._rank(old)

    def _rank(self, cluster_id: int) -> tuple[float, int]:
        return -self.quality(cluster_id), cluster_id

    def _step_best(self, start: int | None, step: int, *, undecided: bool = False) -> int | None:
        """The first best cluster after ``start`` that is in sight and not skipped."""
        queue = self.best_queue()
        if self._place is not None and self._place[0] == start and start in queue:
            queue.remove(start)
            queue.insert(bisect(queue, self._place[1], key=self._rank), start)
        else:
            self._place = None
        return self._step(queue, start, step, self.is_in_sight, undecided=undecided)

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

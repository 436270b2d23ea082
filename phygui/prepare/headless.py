"""One clustering of a shank as a session sees it, without a session: to be read and computed from.

Nothing is locked and nothing written but by :meth:`Headless.keep` and its like.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from phygui.curation.opened import Curation
from phygui.curation.shown import Shown
from phygui.curation.statistics.cache import StatsCache
from phygui.curation.statistics.cluster_statistics import Knowledge, Learnt
from phygui.curation.statistics.measuring.kept_similarity import KeptSimilarity
from phygui.curation.statistics.measuring.pieces import Steps
from phygui.curation.statistics.ranking_functions import Measures
from phygui.curation.statistics.ranking_spec import SIMILARITY, find_ranking
from phygui.curation.statistics.snapshot import Snapshot, spikes_print
from phygui.curation.statistics.stats import stats_steps
from phygui.curation.suggestions.grouping.group_rules import DEFAULTS, ready
from phygui.curation.suggestions.grouping.groups import GroupCandidates
from phygui.curation.suggestions.kept import SuggestionsFile
from phygui.dataset import Dataset, Key
from phygui.dataset.groups import UNSORTED
from phygui.errors import DatasetError
from phygui.prepare.order import Order
from phygui.prepare.previews import write_previews
from phygui.storage.state.state_folder import find_place

T = TypeVar("T")
Tick = Callable[[], None]
"""Called between two steps of work; raises :class:`~phygui.prepare.Cancelled` to end it."""


class Headless:
    """A clustering, and what is known of it.

    Parameters
    ----------
    dataset : Dataset
    key : (int, str)
        Shank and clustering.
    order : Order
    """

    def __init__(self, dataset: Dataset, key: Key, order: Order) -> None:
        self.key = key
        self._order = order
        self.shank = dataset.open(key[0])
        try:
            self.curation = Curation.of(key, dataset.clusterings.read(key))
            self.knowledge: Knowledge = self.curation.knowledge
            measures = Measures(attributes=self.shank.attributes)
            if order.ranking is not None:
                measures.choose(find_ranking("similarity", order.ranking))
            self.knowledge.measures = measures
            place = find_place(dataset.path)
            if place.reason and order.folder is None:
                raise DatasetError(f"{place.reason[:1].upper()}{place.reason[1:]}.")
            self._make = place.make if order.folder is None else lambda: None
            self.cache = StatsCache(place.folder, self.shank, order.folder)
            self.file = SuggestionsFile(
                place.folder, key[0], self.cache.data_print, self.cache.places
            )
            self.similarity = KeptSimilarity(key[0], self.cache.data_print, self.cache.places)
        except BaseException:
            self.shank.close()
            raise
        self.shown = Shown.of(
            self.curation, (self.curation,), shank=self.shank, generation=0, is_editable=False
        )

    def close(self) -> None:
        """Close the files."""
        self.shank.close()

    @property
    def snapshot(self) -> Snapshot:
        """What jobs take."""
        return self.shown.snapshot()

    @property
    def goes_by_program(self) -> bool:
        """Whether similarity is the program's own: what is suggested by another is not kept."""
        return self.knowledge.measures.similarity_spec is SIMILARITY

    def recall(self) -> None:
        """Take over what is kept by now."""
        knowledge, snapshot = self.knowledge, self.snapshot
        knowledge.add(self.cache.recall(knowledge, snapshot, knowledge.known()))

    def recall_suggestions(self) -> None:
        """Take over what is kept of pairs and parts; all stats have to be known.

        Pairs that were found by the program's own similarity are of no use to another one.
        """
        kept, snapshot, curation = self.file.read(), self.snapshot, self.curation
        if self.goes_by_program:
            curation.suggestions.add(curation.suggestions.recall(kept, snapshot))
        curation.splits.add(curation.splits.recall(kept, snapshot))
        curation.suggestions.is_recalled = curation.splits.is_recalled = True

    # -- what is still to be done ------------------------------------------------------------

    def lacking(self, what: str) -> list[int]:
        """Clusters of which something is to be computed, as far as that goes by cluster."""
        if what == "stats":
            return self.knowledge.missing_stats()
        if what == "metrics":
            names = self.knowledge.measures.metrics.names
            known = self.knowledge.metrics
            return [c for c in self.shown.spikes_per_cluster if names - known.get(c, {}).keys()]
        return self.curation.splits.missing()

    # -- computing ---------------------------------------------------------------------------

    def learn_stats(self, cluster_ids: Iterable[int], tick: Tick) -> int:
        """Compute the stats of some clusters and keep them."""
        lacking = set(self.lacking("stats"))
        ids = [c for c in cluster_ids if c in lacking]
        snapshot = self.snapshot
        stats = dict(_done(stats_steps(snapshot, ids), tick))
        prints = {c: spikes_print(snapshot.spikes(c)) for c in stats}
        self.knowledge.add(Learnt(self.knowledge, stats, prints=prints))
        self._keep(ids)
        return len(ids)

    def learn_metrics(self, cluster_ids: Iterable[int], tick: Tick) -> int:
        """Compute what metrics some clusters lack, and keep all theirs; stats have to be known."""
        lacking = set(self.lacking("metrics"))
        ids = [c for c in cluster_ids if c in lacking]
        knowledge, snapshot = self.knowledge, self.snapshot
        names = knowledge.measures.metrics.names
        alike: dict[frozenset[str], list[int]] = defaultdict(list)
        for c in ids:
            alike[names.difference(knowledge.metrics.get(c, ()))].append(c)
        source = knowledge.source(snapshot)
        for missing, some in alike.items():
            steps = source.steps(snapshot, {c: knowledge.stats[c] for c in some}, missing)
            knowledge.add(Learnt(knowledge, metrics=dict(_done(steps, tick))))
        source.rest()
        self._keep(ids)
        return len(ids)

    def look_for_splits(self, cluster_ids: Iterable[int], tick: Tick) -> int:
        """Look at some clusters for parts, and keep what was found; stats have to be known."""
        splits = self.curation.splits
        missing = set(splits.missing())
        ids = tuple(c for c in cluster_ids if c in missing)
        for cluster_id in ids:
            tick()
            job = splits.job(replace(self.snapshot, cluster_ids=(cluster_id,)), n_clusters=1)
            if job is not None:
                splits.add(job(lambda: False))
        if ids:
            wanted = {self.knowledge.prints[c] for c in ids}
            kept = splits.known()
            parts = {key: of for key, of in kept.parts.items() if key in wanted}
            self._make()
            self.file.write_piece(replace(kept, parts=parts))
        return len(ids)

    def look_for_merges(self, tick: Tick) -> int:
        """Look at all pairs that may be one unit, and keep what was found."""
        suggestions, snapshot = self.curation.suggestions, self.snapshot
        n_missing, before = len(suggestions.missing()), suggestions.known().size
        while job := (
            suggestions.job(snapshot)
            or suggestions.join_job(snapshot)
            or suggestions.isolation_job(snapshot)
        ):
            tick()
            suggestions.add(job(lambda: False))
        known = suggestions.known()
        if known.size > before and self.goes_by_program:
            self._make()
            self.file.write_piece(known)
        return n_missing

    def compare(self, tick: Tick) -> int:
        """Compute the similarities of every two clusters, and keep them."""
        stats, measures = self.knowledge.stats, self.knowledge.measures
        summaries = {c: stats[c].summary for c in self.shown.spikes_per_cluster}
        prints = self.knowledge.prints
        keys = [prints[c] for c in summaries]
        if len(keys) < 2 or self.similarity.is_kept(measures.similarity_spec, keys):
            return 0

        def goes_on() -> bool:
            tick()
            return True

        matrix = self.knowledge.matrix
        matrix.learn(summaries, measures.similarity, goes_on)
        self._make()
        self.similarity.write(measures.similarity_spec, keys, matrix.between(summaries))
        return len(keys)

    def n_candidates(self) -> int:
        """Candidates for Noise and MUA by the rules that the program comes with."""
        shown, candidates = self.shown, GroupCandidates()
        candidates.set_rules(ready(DEFAULTS, shown)[0])
        undecided = [c for c, g in shown.cluster_groups.items() if g == UNSORTED]
        return sum(candidates.of(shown, c) is not None for c in undecided)

    def draw_previews(self, suggested: Mapping[str, int | None]) -> int:
        """Keep what small pictures are drawn from; returns of how many clusters."""
        self._make()
        return write_previews(self.cache.places.target, self.shown, suggested)

    def _keep(self, cluster_ids: Collection[int]) -> None:
        if cluster_ids:
            known = self.knowledge.known()
            prints = [self.knowledge.prints[c] for c in cluster_ids]
            self._make()
            failed = self.knowledge.measures.metrics.failed
            self.cache.write_piece({key: known[key] for key in prints}, failed)


def _done(steps: Steps[T], tick: Tick) -> list[T]:
    found = []
    for result in steps:
        tick()
        if result is not None:
            found.append(result)
    return found

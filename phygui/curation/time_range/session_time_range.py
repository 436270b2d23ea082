"""The range of time within which a session is looked at: set, cleared, and what is known of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from phygui.curation.announcements import Announcements
from phygui.curation.edits.update import EditError
from phygui.curation.publishing import Outbox
from phygui.curation.statistics.stats import Cancel, compute_stats
from phygui.curation.time_range.within import Found, TimeRange
from phygui.curation.turns import Turns, in_turn
from phygui.curation.workspace import Workspace

MOST = 12
"""Selected clusters that are measured within the range: those that have colours of their own."""
Take = Callable[[], tuple[int, ...]]


class SessionTimeRange:
    """Restricts what is shown of a session to a range of time; edits take whole clusters.

    It belongs to the session: every channel group and clustering is seen within it, and a dataset
    that is opened again is seen whole.
    """

    def __init__(
        self,
        workspace: Workspace,
        outbox: Outbox,
        tell: Announcements,
        turns: Turns,
    ) -> None:
        self.turns = turns
        self._workspace = workspace
        self._outbox = outbox
        self._tell = tell
        tell.located.connect(self._forget)

    @property
    def time_range(self) -> tuple[float, float] | None:
        """Start and stop in seconds on the dataset's clock; None where all of it is looked at."""
        chosen = self._outbox.time_range
        return None if chosen is None else chosen.limits

    @in_turn
    def set_time_range(self, start_time: float, stop_time: float) -> None:
        """Look at nothing but what happened from one time to before another, in seconds.

        What lies outside of the recording is cut off. A start after the stop is exchanged with it.

        Raises
        ------
        EditError
            If nothing of the recording lies between the two.
        """
        if not (math.isfinite(start_time) and math.isfinite(stop_time)):
            raise EditError("a time range has two times in seconds, such as 10 60")
        start_time, stop_time = sorted((float(start_time), float(stop_time)))
        span = float(self._workspace.shank.span)
        first, last = max(start_time, 0.0), min(stop_time, span)
        limits = np.array([first, last]) * self._workspace.shank.sample_rate
        if not math.ceil(limits[1] - 1e-6) > math.ceil(limits[0] - 1e-6):
            raise EditError(
                f"nothing of the recording, 0 to {span:.3f} s, lies between "
                f"{start_time:g} and {stop_time:g} s"
            )
        if self.time_range != (first, last):
            self._put(TimeRange(first, last))

    @in_turn
    def clear_time_range(self) -> None:
        """Look at all of the recording again."""
        if self._outbox.time_range is not None:
            self._put(None)

    def _put(self, time_range: TimeRange | None) -> None:
        proposal, generation = self._outbox.proposal, self._workspace.generation
        self._workspace.grow()
        if proposal is not None and proposal.generation == generation:
            # Parts that are shown are those of whole clusters, within the range or not.
            self._outbox.proposal = replace(proposal, generation=self._workspace.generation)
        self._outbox.time_range = time_range
        self._outbox.post(self._tell.time_range_changed.emit)

    def _forget(self) -> None:
        """Other data is there: what was computed without it is void."""
        if self._outbox.time_range is not None:
            self._outbox.time_range = TimeRange(*self._outbox.time_range.limits)

    # -- what is known of the selected clusters ----------------------------------------------

    def job(self) -> Callable[[Cancel], Take] | None:
        """What measures the selected clusters within the range, for any thread.

        None if there is no range, or all is known. It returns a function that takes over what was
        found, in the thread of the session, and says of which clusters.
        """
        shown = self._outbox.shown
        if shown.within is None:
            return None
        snapshot, within = shown.snapshot(), shown.within.of(shown.shank.clock)
        spikes = {c: snapshot.spikes(c) for c in snapshot.cluster_ids[:MOST]}
        spikes = {c: of for c, of in spikes.items() if len(of)}
        known = {c: of for c in spikes if (of := within.known(c, spikes[c])) is not None}
        others = [c for c in spikes if c != snapshot.cluster_ids[0]] if spikes else []
        best = known.get(snapshot.cluster_ids[0]) if others else None
        is_compared = best is None or None not in [
            within.similarity(best, known.get(c)) for c in others
        ]
        if len(known) == len(spikes) and is_compared:
            return None
        source = shown.knowledge.source(snapshot)
        measure = shown.knowledge.measures.similarity

        def compute(cancelled: Cancel) -> Take:
            found = dict(known)
            stats = compute_stats(snapshot, [c for c in spikes if c not in found], cancelled)
            metrics = source.compute(snapshot, stats, cancelled)
            for c, of in metrics.items():
                found[c] = Found(spikes[c], stats[c], of)
            best = found.get(snapshot.cluster_ids[0])
            compared = [found[c] for c in others if c in found]
            values: list[float] = []
            if best is not None and compared:
                table = measure([best.stats.summary], [of.stats.summary for of in compared])
                values = np.asarray(table)[0].tolist()

            def take() -> tuple[int, ...]:
                within.take(found)
                if best is not None:
                    within.take_similarities(best, dict(zip(compared, values, strict=False)))
                news = tuple(found)
                self._tell.stats_changed.emit(news)
                return news

            return take

        return compute

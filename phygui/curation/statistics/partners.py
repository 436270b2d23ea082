"""Which clusters may be parts of one unit: what the search for merges has found, by cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sized

from phygui.analysis import Partner
from phygui.curation.edits.update import Update

LEAST_CHANCE = 0.01
"""Chance below which two clusters are not kept as partners: it would hardly change a quality."""


class Partners:
    """The likely partners of every cluster that they have been looked for.

    What is known of a pair stays true while both clusters live, and is true again when an undo
    brings them back.

    Attributes
    ----------
    is_rejected : callable
        Whether the user has said that two clusters are not one unit.
    """

    def __init__(self) -> None:
        self._chances: dict[int, dict[int, float]] = {}
        self.is_rejected: Callable[[Iterable[int]], bool] = lambda _: False

    def copy(self) -> Partners:
        """The same as they are now, for another thread."""
        found = Partners()
        found._chances = {c: dict(of) for c, of in self._chances.items()}
        found.is_rejected = self.is_rejected
        return found

    def learn(
        self, searched: Iterable[int], chances: Mapping[tuple[int, int], float]
    ) -> dict[int, None]:
        """Take over what was found for some clusters; returns those of which more is known."""
        told = {c: None for c in searched if c not in self._chances}
        for cluster_id in told:
            self._chances[cluster_id] = {}
        for (a, b), chance in chances.items():
            for one, other in ((a, b), (b, a)):
                known = self._chances.setdefault(one, {})
                if chance >= LEAST_CHANCE:
                    known[other] = chance
                elif known.pop(other, None) is None:
                    continue
                told[one] = None
        return told

    def of(self, cluster_id: int, living: Mapping[int, Sized]) -> list[Partner] | None:
        """The living partners of a cluster; None if they have not been looked for."""
        chances = self._chances.get(cluster_id)
        if chances is None:
            return None
        return [
            Partner(other, chance, len(living[other]))
            for other, chance in chances.items()
            if other in living and not self.is_rejected((cluster_id, other))
        ]

    def beside(self, clusters: Iterable[int]) -> set[int]:
        """All that are, or were, partners of some clusters."""
        return {other for c in clusters for other in self._chances.get(c, ())}

    def touched_by(self, update: Update) -> set[int]:
        """Clusters whose partners an edit of spikes changes.

        Not those that it takes away: as they were, they keep their place.
        """
        changed = {*update.before, *update.after}
        return (self.beside(changed) | set(update.after)).difference(update.before)

    def forget(self) -> None:
        """Other data has come in: all is to be looked for again."""
        self._chances = {}

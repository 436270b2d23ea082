"""A curation in plain lists, as simple as can be, to compare sessions with."""

from __future__ import annotations

import copy

UNSORTED = 3


class Oracle:
    """One clustering: the cluster of each spike, groups and labels, and every state so far."""

    def __init__(self, clusters: list[int], groups: dict[int, int], largest: int) -> None:
        self.clusters = list(clusters)
        self.groups = dict(groups)
        self.labels: dict[int, dict[str, str]] = {}
        self.largest = largest
        self.selection: tuple = ((), ())
        self.states = [self.state()]
        self.position = 0
        self.saved = self.state()
        self.n_steps = 0  # since the file was read or written

    def state(self) -> tuple:
        """What a file holds of it."""
        living = set(self.clusters)
        return copy.deepcopy(
            (
                self.clusters,
                {c: self.groups.get(c, UNSORTED) for c in living},
                {c: self.labels[c] for c in living if self.labels.get(c)},
            )
        )

    # -- edits: each returns nothing, changes the lists, and adds a state ------------------------

    def replace(
        self, parts: list[list[int]], parents: list[int] | None = None, g: int | None = None
    ) -> None:
        """Each list of spikes becomes a new cluster, that takes after the old one of most of it."""
        old = list(self.clusters)
        for number, part in enumerate(parts):
            self.largest += 1
            of = sorted(old[spike] for spike in part)
            parent = parents[number] if parents else max(of, key=of.count)
            self.groups[self.largest] = self.groups.get(parent, UNSORTED) if g is None else g
            if self.labels.get(parent):
                self.labels[self.largest] = dict(self.labels[parent])
            for spike in part:
                self.clusters[spike] = self.largest

    def merge(self, ids: list[int]) -> None:
        """Spikes of some clusters become one, with the labels of the first and all their notes.

        Its group is the only one that was decided, or else that of the largest.
        """
        part = [s for s, c in enumerate(self.clusters) if c in ids]
        groups = [self.groups.get(c, UNSORTED) for c in ids]
        decided = set(groups) - {UNSORTED}
        sizes = [self.clusters.count(c) for c in ids]
        group = decided.pop() if len(decided) == 1 else groups[sizes.index(max(sizes))]
        notes = dict.fromkeys(
            self.labels[c]["note"] for c in ids if "note" in self.labels.get(c, {})
        )
        self.replace([part], [ids[0]], group)
        if notes:
            of = self.labels.get(self.largest, {})
            self.labels[self.largest] = of | {"note": "\n".join(notes)}

    def split(self, spikes: list[int]) -> None:
        """Some spikes become a cluster, the rest of each touched one another."""
        touched = sorted({self.clusters[s] for s in spikes})
        rests = [
            [s for s, c in enumerate(self.clusters) if c == t and s not in spikes] for t in touched
        ]
        self.replace([sorted(spikes), *(rest for rest in rests if rest)])

    def done(self, selection_before: tuple, selection: tuple) -> None:
        """An edit has been made."""
        self.selection = selection
        del self.states[self.position + 1 :]
        self.states.append((*self.state(), selection_before, selection))
        self.position += 1
        self.n_steps += 1

    def undo(self) -> None:
        """Go back to the state before."""
        self.selection = self.states[self.position][3]
        self.position -= 1
        self.n_steps += 1
        self._be(self.states[self.position])

    def redo(self) -> None:
        """Go to the next state again."""
        self.position += 1
        self.n_steps += 1
        self.selection = self.states[self.position][4]
        self._be(self.states[self.position])

    def forget(self) -> None:
        """Be what the file holds, without a history."""
        self._be(self.saved)
        self.states = [self.state()]
        self.position = self.n_steps = 0
        self.selection = ((), ())

    def _be(self, state: tuple) -> None:
        clusters, groups, labels = copy.deepcopy(state[:3])
        self.clusters, self.labels = clusters, labels
        self.groups = groups

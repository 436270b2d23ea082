"""Cluster groups: Noise, MUA, Good, Unsorted and those that a lab adds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from phygui.curation.edits.update import EditError, Update, in_words
from phygui.dataset.groups import GROUP_NAMES, UNSORTED
from phygui.guards import shortened
from phygui.words import no_such

LONGEST_NAME = 40
"""Characters that the name of a group may have."""


class ClusterGroups:
    """The group of every cluster.

    Parameters
    ----------
    groups : mapping of int to int
        Group of each cluster; a cluster that is not named is Unsorted.
    names : mapping of int to str, optional
        Names of the custom groups, numbered from 4.
    """

    def __init__(self, groups: Mapping[int, int], names: Mapping[int, str] | None = None) -> None:
        self._groups = {int(c): int(g) for c, g in groups.items()}
        self._names = dict(GROUP_NAMES)
        for group, name in (names or {}).items():
            self._names.setdefault(int(group), str(name))
        self._largest = max(*self._names, *self._groups.values())

    @property
    def largest(self) -> int:
        """The largest number that a group was ever known by."""
        return self._largest

    def reserve(self, largest: int) -> None:
        """Never give a new group a number up to this one."""
        self._largest = max(self._largest, largest)

    @property
    def names(self) -> dict[int, str]:
        """Names of all groups; the four that every file has are in lower case."""
        return dict(self._names)

    def __getitem__(self, cluster_id: int) -> int:
        return self._groups.get(cluster_id, UNSORTED)

    def name_of(self, cluster_id: int) -> str:
        """Name of the group of one cluster."""
        group = self[cluster_id]
        return self._names.get(group, str(group))

    def number_of(self, group: str | int) -> int:
        """Number of a group, given by number or by name in any case.

        Raises
        ------
        EditError
            If there is no such group, or what was given is neither name nor number.
        """
        if isinstance(group, str):
            for number, name in self._names.items():
                if name.casefold() == group.casefold():
                    return number
        elif isinstance(group, bool) or not hasattr(group, "__index__"):
            names = ", ".join(self._names.values())
            raise EditError(f"{shortened(group)} was given, expected a cluster group: {names}")
        elif group in self._names or group in self._groups.values():
            return int(group)
        raise EditError(no_such("cluster group", repr(group), self._names.values()))

    def tally(self, cluster_ids: Iterable[int]) -> dict[str, int]:
        """Number of clusters in each group, by name."""
        return dict(Counter(self.name_of(c) for c in cluster_ids))

    def of_merged(self, n_spikes: Mapping[int, int]) -> tuple[int, str]:
        """The group of a cluster that is made of others.

        It is the one that has been decided for some of them, if it is only one; else that of the
        largest, or of the first of the largest.

        Parameters
        ----------
        n_spikes : mapping of int to int
            The clusters and how many spikes each has.

        Returns
        -------
        int
            The group.
        str
            Its name and which of them it comes from; empty where all have the same.
        """
        of_each = {c: self[c] for c in n_spikes}
        if len(set(of_each.values())) == 1:
            return next(iter(of_each.values())), ""
        decided = [c for c, group in of_each.items() if group != UNSORTED]
        if len({of_each[c] for c in decided}) == 1:
            return of_each[decided[0]], f"{self.name_of(decided[0])} as {in_words(decided)}"
        largest = max(n_spikes, key=n_spikes.__getitem__)
        return of_each[largest], f"{self.name_of(largest)} as {largest}, the largest"

    def move(self, cluster_ids: Iterable[int], group: str | int, *, add: bool = False) -> Update:
        """The change that puts clusters into a group; clusters already there are left out.

        It is empty if all of them are. With `add`, a group that is named and not there yet is
        added by the same change.

        Raises
        ------
        EditError
            If there is no such group or no cluster.
        """
        ids = list(dict.fromkeys(int(c) for c in cluster_ids))
        if add and isinstance(group, str) and ids and not (added := self.add(group)).is_empty:
            (number,) = added.names_after
            return Update(
                "group",
                f"moved {in_words(ids)} to the new group {added.names_after[number]}",
                groups_before={c: self._groups.get(c) for c in ids},
                groups_after=dict.fromkeys(ids, number),
                names_before=added.names_before,
                names_after=added.names_after,
            )
        number = self.number_of(group)
        if not ids:
            raise EditError("no cluster is selected")
        update = self.move_each(dict.fromkeys(ids, number))
        if update.is_empty:
            name, are = self._names.get(number, str(number)), "is" if len(ids) == 1 else "are"
            return Update("group", f"{in_words(ids)} {are} already {name}")
        return update

    def move_each(self, wanted: Mapping[int, str | int]) -> Update:
        """The change that puts each cluster into a group of its own choice, as one edit.

        Raises
        ------
        EditError
            If there is no such group.
        """
        numbers = {int(c): self.number_of(group) for c, group in wanted.items()}
        moved = {c: number for c, number in numbers.items() if self._groups.get(c) != number}
        parts = []
        for number in dict.fromkeys(moved.values()):
            ids = [c for c, of in moved.items() if of == number]
            parts.append(f"{in_words(ids)} to {self._names.get(number, str(number))}")
        return Update(
            "group",
            f"moved {', '.join(parts)}" if parts else "nothing was moved",
            groups_before={c: self._groups.get(c) for c in moved},
            groups_after=moved,
        )

    def add(self, name: str) -> Update:
        """The change that adds a group; it is empty if there is one of this name.

        Raises
        ------
        EditError
            If it cannot be called so.
        """
        name = name.strip()
        if not name or not name.isprintable() or len(name) > LONGEST_NAME or name.isdecimal():
            raise EditError(
                f"a group is called by one line of at most {LONGEST_NAME} characters that is no "
                f"number, not {name!r}"
            )
        if name.casefold() in (known.casefold() for known in self._names.values()):
            return Update("group", f"there is a group {name} already")
        number = self._largest + 1
        description = f"added the group {name}"
        return Update("group", description, names_before={number: None}, names_after={number: name})

    def remove(self, name: str, cluster_ids: Iterable[int]) -> Update:
        """The change that removes a group.

        Parameters
        ----------
        name : str
            In any case of letters.
        cluster_ids : iterable of int
            The clusters that there are.

        Raises
        ------
        EditError
            If there is no such group, every dataset has it, or a cluster is in it.
        """
        number = self.number_of(name)
        name = self._names.get(number, str(number))
        if number in GROUP_NAMES:
            raise EditError(f"{name} stays: it is one of the four groups that every dataset has")
        inside = sorted(c for c in cluster_ids if self[c] == number)
        if inside:
            are = "cluster is" if len(inside) == 1 else "clusters are"
            them = "it" if len(inside) == 1 else "them"
            raise EditError(
                f"{len(inside)} {are} in the group {name} ({in_words(inside)}): "
                f"move {them} to another group first"
            )
        description = f"removed the group {name}"
        return Update("group", description, names_before={number: name}, names_after={number: None})

    def apply(self, update: Update) -> None:
        """Make a change."""
        for group, name in update.names_after.items():
            if name is None:
                self._names.pop(group, None)
            else:
                self._names[group] = name
            self.reserve(group)
        for cluster_id, number in update.groups_after.items():
            if number is None:
                self._groups.pop(cluster_id, None)
            else:
                self.reserve(number)
                self._groups[cluster_id] = number

"""The numbers that were ever given to clusters and to groups: none of them is given again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Used:
    """The largest numbers that were ever given in a clustering; -1 where none was.

    What is kept of earlier times, such as journals and backups, tells of clusters and groups by
    their numbers: given again, an old number would go by a new name there.

    Attributes
    ----------
    cluster, group : int
    """

    cluster: int = -1
    group: int = -1

    def __or__(self, other: Used) -> Used:
        return Used(max(self.cluster, other.cluster), max(self.group, other.group))

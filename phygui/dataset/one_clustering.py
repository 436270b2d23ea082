"""What stores have in common that hold one clustering beside the sorter's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from phygui.dataset.state import ClusteringState, Key
from phygui.errors import DatasetError

MAIN, PROTECTED = "main", "original"
IDS_OF_A_SHANK = 100_000
"""New clusters of different shanks get ids this far apart: all shanks share their ids."""


class OneClustering:
    """The part of :class:`~phygui.dataset.ClusteringStore` that such stores answer alike."""

    no_other: str
    """The sentence that refuses another clustering."""

    @property
    def channel_groups(self) -> Sequence[int]:
        """The shanks that have spikes."""
        raise NotImplementedError

    def all_keys(self) -> list[Key]:
        """All clusterings that can be read, of every shank that has spikes."""
        return [(group, name) for group in self.channel_groups for name in self.names(group)]

    def names(self, channel_group: int) -> list[str]:
        """The clusterings of a shank: main, and the sorter's own."""
        return [MAIN, PROTECTED]

    def is_protected(self, key: Key) -> bool:
        """Whether a clustering is never written."""
        return key[1] == PROTECTED

    def refuse_protected(self, keys: Iterable[Key], where: object) -> None:
        """Make sure that none of the clusterings is the sorter's own.

        Raises
        ------
        DatasetError
            If one is.
        """
        for key in filter(self.is_protected, keys):
            raise DatasetError(f"{where}: the clustering {key[1]} is never written.")

    def follow(self) -> None:
        """Nothing is held of what was written."""

    def check_name(self, channel_group: int, name: str, existing: list[str]) -> None:
        """See :class:`~phygui.dataset.ClusteringStore`: there is no room for another one."""
        raise DatasetError(self.no_other)

    def copy(self, key: Key, new_name: str, state: ClusteringState) -> None:
        """See :class:`~phygui.dataset.ClusteringStore`."""
        self.check_name(key[0], new_name, self.names(key[0]))

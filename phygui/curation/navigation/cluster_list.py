"""A list of clusters: which of them are in sight, and in what order they stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from phygui.curation.navigation.columns import ClusterSource, Column, label_columns
from phygui.curation.navigation.row_filter import Filter, FilterError
from phygui.curation.signals import Signal

N_SORT_KEYS = 3

_NOTHING: Mapping[str, Mapping[int, Any]] = {}

SortKey: TypeAlias = tuple[Any, ...]
"""The values that a cluster is sorted by, the cluster last: keys differ, and can be bisected."""


class ClusterList:
    """Filter and order of a list of clusters; a table shows it, and the walk keeps to it.

    Parameters
    ----------
    shown : callable
        Returns what values are taken from: the state that was published last.
    columns : sequence of Column
        What can be filtered and sorted by, beside the labels that clusters have.
    order : tuple of str and bool
        The column sorted by at first, and whether it ascends.

    Attributes
    ----------
    filtered : Signal
        Emitted when the filter is another one.
    ordered : Signal
        Emitted when the order is another one.
    """

    filtered = Signal()
    ordered = Signal()

    def __init__(
        self,
        shown: Callable[[], ClusterSource],
        columns: Sequence[Column],
        order: tuple[str, bool],
    ) -> None:
        self._shown = shown
        self.fixed = tuple(columns)
        name, ascending = order
        first = next(column for column in self.fixed if column.name == name)
        self._sort: list[tuple[Column, bool]] = [(first, ascending), (self.fixed[0], True)]
        self._filter = Filter("", ())
        self._filtered: list[Column] = []
        # While a new filter is told of: what it has let pass, so that nobody asks it twice.
        self._passing: dict[int, bool] = {}

    # -- columns -----------------------------------------------------------------------------

    def label_columns(self) -> list[Column]:
        """A column for each key of a label that any cluster has."""
        source = self._shown()
        keys = {key for c in source.spikes_per_cluster for key in source.labels_of(c)}
        return label_columns(sorted(keys))

    def columns(self) -> dict[str, Column]:
        """All that can be filtered and sorted by now, by name."""
        return {column.name: column for column in (*self.fixed, *self.label_columns())}

    @property
    def headings(self) -> dict[str, str]:
        """Names of the columns by their headings."""
        # What labels are called is up to the user: such a heading may mean anything.
        return {column.title: column.name for column in self.fixed}

    def value(self, cluster_id: int, column: Column) -> Any:
        """The value of one cluster in a column; None where it is not known."""
        return column.values(self._shown(), [cluster_id])[0]

    # -- filter ------------------------------------------------------------------------------

    @property
    def filter(self) -> str:
        """The expression that clusters in sight fulfil; empty if all are in sight."""
        return self._filter.text

    def set_filter(self, text: str) -> None:
        """Keep only the clusters in sight that an expression lets pass.

        Raises
        ------
        FilterError
            If the expression makes no sense; the filter stays what it was.
        """
        columns = self.columns()
        new = Filter(text, columns, self.headings)
        old = self._filter, self._filtered
        self._filter, self._filtered = new, [columns[name] for name in new.names()]
        try:
            source = self._shown()
            passing = {c: self._check(source, c) for c in source.spikes_per_cluster}
        except FilterError:
            self._filter, self._filtered = old
            raise
        self._passing = passing
        try:
            self.filtered.emit()
        finally:
            self._passing = {}

    def passes(self, cluster_id: int, source: ClusterSource | None = None) -> bool:
        """Whether a cluster is in sight: not where the filter makes no sense for what is known.

        Parameters
        ----------
        cluster_id : int
        source : ClusterSource, optional
            What values are taken from; by default the state that was published last.
        """
        if not self._filter.text:
            return True
        if cluster_id in self._passing:
            return self._passing[cluster_id]
        try:
            return self._check(self._shown() if source is None else source, cluster_id)
        except FilterError:
            return False

    def _check(self, source: ClusterSource, cluster_id: int) -> bool:
        return self._filter({c.name: c.compared(source, cluster_id) for c in self._filtered})

    def unknown_in_filter(self, cluster_ids: Iterable[int]) -> list[Column]:
        """Columns in the filter of which no cluster of these has a value."""
        ids, source = list(cluster_ids), self._shown()
        return [
            column
            for column in self._filtered
            if ids and all(column.compared(source, c) is None for c in ids)
        ]

    def unheard_groups(self) -> list[str]:
        """What the filter takes for the name of a cluster group, and is none."""
        known = self._shown().group_names.values()
        return [text for text in self._filter.wanted("group") if text not in known]

    # -- order -------------------------------------------------------------------------------

    @property
    def order(self) -> list[tuple[str, bool]]:
        """Names of the columns sorted by, first key first, and whether each ascends."""
        return [(column.name, ascending) for column, ascending in self._sort]

    def sort_by(self, name: str, ascending: bool) -> None:
        """Sort by a column; the columns sorted by before break ties.

        Raises
        ------
        KeyError
            If there is no such column.
        """
        others = [(n, a) for n, a in self.order if n != name]
        self.set_order([(name, ascending), *others])

    def set_order(self, order: Iterable[tuple[str, bool]]) -> None:
        """Sort by several columns, first key first, each ascending or not.

        Raises
        ------
        KeyError
            If there is no such column.
        """
        columns = self.columns()
        self._sort = [(columns[name], ascending) for name, ascending in order][:N_SORT_KEYS]
        self.ordered.emit()

    def keep_labels(self, keys: Iterable[str]) -> None:
        """Do not sort by labels any more that no cluster has."""
        kept = set(keys)
        sort = [k for k in self._sort if not k[0].is_label or k[0].title in kept]
        if len(sort) < len(self._sort):
            self._sort = sort or [(self.fixed[0], True)]
            self.ordered.emit()

    def keys(
        self,
        cluster_ids: Sequence[int],
        source: ClusterSource | None = None,
        known: Mapping[str, Mapping[int, Any]] = _NOTHING,
    ) -> list[SortKey]:
        """Sort keys of clusters, made column by column, which is faster than cell by cell.

        Parameters
        ----------
        cluster_ids : sequence of int
        source : ClusterSource, optional
            What values are taken from; by default the state that was published last.
        known : mapping of str to mapping of int, optional
            The values in some columns, by the name of the column, in place of those of the source.
        """
        parts, source = [], self._shown() if source is None else source
        for column, ascending in self._sort:
            if column.name in known:
                values = [known[column.name].get(c) for c in cluster_ids]
            else:
                values = column.values(source, cluster_ids)
            keys = _sortable(values, ascending)
            if column.unknown_by is not None and any(map(_is_unknown, values)):
                for i in (i for i, value in enumerate(values) if _is_unknown(value)):
                    keys[i] = _Last(column.unknown_by(source, cluster_ids[i]))
            parts.append(keys)
        return list(zip(*parts, cluster_ids, strict=True))

    def has_place(self, cluster_id: int, source: ClusterSource | None = None) -> bool:
        """Whether the value is known that a cluster is sorted by before all others."""
        column, _ = self._sort[0]
        values = column.values(self._shown() if source is None else source, [cluster_id])
        return not _is_unknown(values[0])

    def in_sight(self, cluster_ids: Iterable[int] | None = None) -> list[SortKey]:
        """Sort keys of the clusters in sight, in their order; by default of all clusters."""
        source = self._shown()
        ids = source.spikes_per_cluster if cluster_ids is None else cluster_ids
        return sorted(self.keys([c for c in ids if self.passes(c, source)]))

    def cluster_ids(self) -> list[int]:
        """The clusters in sight, in their order."""
        return [key[-1] for key in self.in_sight()]


class _Descending:
    """Turns the order of any value around, for sorting by several keys at once."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: object) -> bool:
        # What is no value, the last of all, knows its place itself.
        return other.value < self.value if isinstance(other, _Descending) else NotImplemented

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Descending) and other.value == self.value

    __hash__ = None  # type: ignore[assignment]


class _Last:
    """Comes after every other value, and among its like in the order of a number."""

    __slots__ = ("_number",)

    def __init__(self, number: float = 0.0) -> None:
        self._number = number

    def __lt__(self, other: object) -> bool:
        return isinstance(other, _Last) and self._number < other._number

    def __gt__(self, other: object) -> bool:
        return not isinstance(other, _Last) or self._number > other._number

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Last) and self._number == other._number

    __hash__ = None  # type: ignore[assignment]


_LAST = _Last()


def _is_unknown(value: Any) -> bool:
    return value is None or value != value


def _sortable(values: list[Any], ascending: bool) -> list[Any]:
    """Values as they sort; what is not known (None or NaN) comes last in either direction."""
    if ascending:
        return [_LAST if _is_unknown(v) else v for v in values]
    return [
        _LAST if _is_unknown(v) else -v if isinstance(v, int | float) else _Descending(v)
        for v in values
    ]

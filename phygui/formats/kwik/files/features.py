"""Features and masks of the ``.kwx``: one array on disk, shown as three."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence

import numpy as np

from phygui.errors import DatasetError
from phygui.formats.kwik.hdf5.file import File
from phygui.formats.kwik.hdf5.layouts import open_store
from phygui.storage.arrays.lazy import LazyArray, Selection, indices_of, length_of
from phygui.storage.arrays.stores import ContiguousStore, Store

Warn = Callable[[str], None]

_ROWS = 4_096
"""Rows of which columns are read at once: in a few milliseconds."""
_SHORT_ROW = 16 * 2**10
"""Bytes of a row up to which a part of it takes half as long to read as all: the call does."""


def open_features(
    file: File,
    channel_group: int,
    n_spikes: int,
    n_channels: int,
    n_features: int | None,
    warn: Warn,
) -> FeatureStore:
    """The features and masks of a channel group.

    Parameters
    ----------
    n_features : features per channel, or None when the metadata does not say

    Raises
    ------
    DatasetError
        If they are missing, or do not fit the spikes and channels.
    """
    path = f"/channel_groups/{channel_group}/features_masks"
    store = open_store(file, path, (3, 2), warn)
    if store is None:
        raise DatasetError(f"{file.path}: {path} is missing, expected the features.")
    if store.dtype.kind not in "iuf":
        raise DatasetError(f"{file.path}: {path} holds {store.dtype}, expected float32.")
    if store.shape[0] != n_spikes:
        raise DatasetError(
            f"{file.path}: {path} has {store.shape[0]} rows, expected {n_spikes}, one per spike."
        )
    if len(store.shape) == 3 and store.shape[2] not in (1, 2):
        raise DatasetError(
            f"{file.path}: {path} has shape {store.shape}, expected (spikes, columns, 2)."
        )
    n_columns = store.shape[1]
    if n_features is None:
        n_features = 3
        if n_columns < 3 * n_channels or n_columns % n_channels == 0:
            n_features = max(1, n_columns // n_channels)
        if n_features != 3:
            warn(
                f"{file.path}: the metadata does not say how many features a channel has; "
                f"{n_features} are assumed, from the {n_columns} columns of {path}."
            )
    if n_columns < n_channels * n_features:
        raise DatasetError(
            f"{file.path}: {path} has {n_columns} columns, expected at least "
            f"{n_channels * n_features} ({n_features} features of {n_channels} channels)."
        )
    return FeatureStore(store, n_channels, n_features, f"{file.path}: {path}", warn)


class FeatureStore:
    """``features_masks`` of one channel group, its columns in ``channel_order``."""

    def __init__(
        self, store: Store, n_channels: int, n_features: int, where: str, warn: Warn
    ) -> None:
        self.store = store
        self.n_channels = n_channels
        self.n_features_per_channel = n_features
        self.has_masks = len(store.shape) == 3 and store.shape[2] == 2
        self.where = where
        self._warn: Warn | None = warn

    @property
    def n_spikes(self) -> int:
        """Number of rows."""
        return self.store.shape[0]

    @property
    def n_columns(self) -> int:
        """Number of feature columns that belong to a channel."""
        return self.n_channels * self.n_features_per_channel

    def read(self, rows: Selection, columns: Selection, planes: Selection) -> np.ndarray:
        """A (rows, columns, planes) float32 block; plane 0 is features, plane 1 masks."""
        if len(self.store.shape) == 2:
            block = self.store.read([rows, columns])[:, :, np.newaxis]
        elif self.has_masks:
            block = self.store.read([rows, columns, planes])
        else:
            block = self.store.read([rows, columns, slice(0, 1, 1)])
        if not self.has_masks:
            both = np.concatenate([block, np.ones_like(block)], axis=2)
            block = both[:, :, indices_of(planes)]
        block = np.asarray(block, dtype=np.float32)
        self._check(block, rows)
        return block

    def columns(
        self, rows: Sequence[np.ndarray], columns: Sequence[np.ndarray]
    ) -> Generator[None, None, list[np.ndarray]]:
        """Columns of features of several sets of rows, which are read in the order of the file.

        Yields every few milliseconds.

        Parameters
        ----------
        rows : sequence of (n,) int64 arrays
        columns : sequence of (n_wanted,) int64 arrays
            For each set, ascending, as many for all.

        Returns
        -------
        list of (n_wanted, n) float32 arrays
        """
        if not len(rows):
            return []
        everything = np.concatenate(rows)
        owners = np.repeat(np.arange(len(rows)), [len(of) for of in rows])
        wanted = np.array(columns, np.int64).reshape(len(rows), -1)
        out = np.empty((wanted.shape[1], len(everything)), np.float32)
        order = np.arange(len(everything))
        if isinstance(self.store, ContiguousStore):
            order = np.argsort(everything, kind="stable")
        for start in range(0, len(order), _ROWS):
            at = order[start : start + _ROWS]
            if not self._gather(everything[at], owners[at], wanted, at, out):
                for k in np.unique(owners[at]).tolist():
                    of = at[owners[at] == k]
                    out[:, of] = self.read(everything[of], wanted[k], _FEATURES)[:, :, 0].T
            yield
        self._check(out.T[:, :, None], everything)
        ends = np.cumsum([len(of) for of in rows])
        return np.split(out, ends[:-1], axis=1)

    def _gather(
        self,
        rows: np.ndarray,
        owners: np.ndarray,
        columns: np.ndarray,
        at: np.ndarray,
        out: np.ndarray,
    ) -> bool:
        """Read features into columns of ``out``; false where the file is no plain one."""
        if not isinstance(self.store, ContiguousStore):
            return False
        # The mask of a feature follows it.
        places = columns * math.prod(self.store.shape[2:])
        return self.store.gather(rows, owners, places, at, out)

    def _check(self, block: np.ndarray, rows: Selection) -> None:
        """Say once that there are numbers that are not finite, if there are."""
        # Of numbers that are all finite, the sum is too, unless they are as large as there are.
        with np.errstate(over="ignore", invalid="ignore"):
            if self._warn is None or np.isfinite(block.sum()):
                return
        bad = np.flatnonzero(~np.isfinite(block).all(axis=(1, 2)))
        if not len(bad):
            return
        warn, self._warn = self._warn, None
        if warn is not None:
            warn(
                f"{self.where} holds NaN or infinite values, first seen at spike "
                f"{indices_of(rows)[bad[0]]}; they are used unchanged."
            )

    def close(self) -> None:
        """Let go of the file."""
        self.store.close()


_FEATURES = slice(0, 1, 1)
_MASKS = slice(1, 2, 1)


class Features(LazyArray):
    """Features: (n_spikes, n_channels * n_features_per_channel) float32, arbitrary units.

    Attributes
    ----------
    columns : callable
        See :meth:`FeatureStore.columns`.
    """

    def __init__(self, store: FeatureStore) -> None:
        self._store = store
        self.columns = store.columns
        self.shape = (store.n_spikes, store.n_columns)
        self.dtype = np.dtype(np.float32)

    def _read(self, selections: list[Selection]) -> np.ndarray:
        return self._store.read(selections[0], selections[1], _FEATURES)[:, :, 0]


class FeaturesByChannel(LazyArray):
    """The same, channel by channel: (n_spikes, n_channels, n_features_per_channel) float32."""

    def __init__(self, store: FeatureStore) -> None:
        self._store = store
        self.shape = (store.n_spikes, store.n_channels, store.n_features_per_channel)
        self.dtype = np.dtype(np.float32)

    def _read(self, selections: list[Selection]) -> np.ndarray:
        rows, channels, features = selections
        k = self._store.n_features_per_channel
        columns = indices_of(channels)[:, None] * k + indices_of(features)
        block = self._store.read(rows, columns.ravel(), _FEATURES)
        return block.reshape(length_of(rows), *columns.shape)


class Masks(LazyArray):
    """Masks: (n_spikes, n_channels) float32 in [0, 1]; 1 where a channel took part in a spike."""

    def __init__(self, store: FeatureStore) -> None:
        self._store = store
        self.shape = (store.n_spikes, store.n_channels)
        self.dtype = np.dtype(np.float32)

    def _read(self, selections: list[Selection]) -> np.ndarray:
        rows, channels = selections
        if not self._store.has_masks:
            return np.ones((length_of(rows), length_of(channels)), dtype=np.float32)
        # A channel's mask is repeated on each of its columns: the first will do.
        k = self._store.n_features_per_channel
        columns: Selection
        if isinstance(channels, slice):
            columns = slice(channels.start * k, (channels.stop - 1) * k + 1, channels.step * k)
            if channels.stop <= channels.start:
                columns = slice(0, 0, 1)
        else:
            columns = channels * k
        return self._store.read(rows, columns, _MASKS)[:, :, 0]


class FeaturesMasks(LazyArray):
    """Features and masks as stored: (n_spikes, n_columns, 2) float32.

    Attributes
    ----------
    has_short_rows : bool
        Whether all of a spike lie in one piece that is read about as fast as two parts of it.
    files : tuple of Path
        Plain ones that they lie in; none if there are no such.
    """

    def __init__(self, store: FeatureStore) -> None:
        self._store = store
        self.shape = (store.n_spikes, store.n_columns, 2)
        self.dtype = np.dtype(np.float32)
        row = store.store.dtype.itemsize * math.prod(store.store.shape[1:])
        self.files = store.store.files
        self.has_short_rows = isinstance(store.store, ContiguousStore) and row <= _SHORT_ROW

    def _read(self, selections: list[Selection]) -> np.ndarray:
        rows, columns, planes = selections
        return self._store.read(rows, columns, planes)

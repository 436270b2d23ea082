"""Raw traces: the samples of all recordings as one array."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from phygui.storage.arrays.lazy import LazyArray, Selection, indices_of, length_of
from phygui.storage.arrays.stores import Store


class Traces(LazyArray):
    """Raw data as stored: (n_samples, n_raw_channels), the recordings one after the other.

    Nothing is copied or joined on disk: each index is looked up in the recording it falls in.

    Parameters
    ----------
    stores : the samples of each recording, all with as many columns
    n_channels : how many of the first columns are shown; by default all
    """

    def __init__(self, stores: list[Store], n_channels: int | None = None) -> None:
        self.stores = stores
        self.lengths = [store.shape[0] for store in stores]
        self.offsets = np.concatenate([[0], np.cumsum(self.lengths)]).astype(np.int64)
        n_channels = stores[0].shape[1] if n_channels is None else n_channels
        self.shape = (int(self.offsets[-1]), n_channels)
        self.dtype = stores[0].dtype.newbyteorder("=")

    @property
    def files(self) -> tuple[Path, ...]:
        """Files that hold the samples, each once; none where that is not known."""
        return tuple(dict.fromkeys(path for store in self.stores for path in store.files))

    def _read(self, selections: list[Selection]) -> np.ndarray:
        rows, columns = selections
        out = np.empty((length_of(rows), length_of(columns)), dtype=self.dtype)
        if not out.size:
            return out
        if isinstance(rows, slice):
            return self._read_slice(rows, columns, out)
        rows = indices_of(rows)
        recording = np.searchsorted(self.offsets, rows, side="right") - 1
        for i in np.unique(recording).tolist():
            here = np.flatnonzero(recording == i)
            out[here] = self.stores[i].read([rows[here] - self.offsets[i], columns])
        return out

    def _read_slice(self, rows: slice, columns: Selection, out: np.ndarray) -> np.ndarray:
        step = rows.step
        done = 0
        for store, offset in zip(self.stores, self.offsets.tolist(), strict=False):
            start = rows.start + done * step
            if start >= offset + store.shape[0] or done == len(out):
                continue
            stop = min(rows.stop, offset + store.shape[0])
            block = store.read([slice(start - offset, stop - offset, step), columns])
            if len(self.stores) == 1 and block.dtype == out.dtype:
                return block
            out[done : done + len(block)] = block
            done += len(block)
        return out

    def close(self) -> None:
        """Let go of the files."""
        for store in self.stores:
            store.close()

"""Arrays of HDF5 files that are compressed, or whose rows lie apart: unpacked chunk by chunk."""

from __future__ import annotations

import zlib
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from h5py import h5d, h5z

from phygui.errors import DatasetError
from phygui.formats.kwik.hdf5.chunks import ChunkTable
from phygui.formats.kwik.hdf5.file import hdf5_errors, open_hdf5, open_read_only
from phygui.storage.arrays.filebytes import FileBytes
from phygui.storage.files import check_regular_file, reason
from phygui.storage.state.fingerprint import FileStamp
from phygui.storage.system import new_lock
from phygui.storage.unpacked.packed import Piece

#: Short chunks are unpacked several at a time, about this many bytes.
PIECE_BYTES = 2**21
#: An array of which even one row of chunks takes more memory than this is not unpacked.
MOST_PIECE_BYTES = 2**30
#: What is undone here, in several threads at once; the library, which uses one, undoes the rest.
_KNOWN = {h5z.FILTER_DEFLATE, h5z.FILTER_SHUFFLE}


class PackedDataset:
    """A chunked dataset of a file; see :class:`~phygui.storage.unpacked.packed.Packed`.

    Parameters
    ----------
    chunks : tuple of int
        Shape of a chunk; where only the library knows where the bytes are, of any block.
    fill : number
        What is where no chunk was ever written.
    filters : tuple of int
        What was done to each chunk, in this order.
    by_library : bool
        Whether only the HDF5 library knows where the bytes of the file are.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        shape: tuple[int, ...],
        dtype: np.dtype,
        chunks: tuple[int, ...],
        fill: Any,
        filters: tuple[int, ...] = (),
        by_library: bool = False,
    ) -> None:
        self.path, self.name, self.shape, self.dtype = path, name, shape, dtype
        self.chunks = tuple(min(c, n) for c, n in zip(chunks, shape, strict=True))
        self._stored = chunks
        self._fill = fill
        self._filters = filters
        self._by_library = by_library or not set(filters) <= _KNOWN
        self.row_bytes = int(np.prod(shape[1:], dtype=np.int64)) * dtype.itemsize
        self._chunk_bytes = int(np.prod(chunks, dtype=np.int64)) * dtype.itemsize
        at_once = max(1, PIECE_BYTES // (self.chunks[0] * self.row_bytes))
        self.rows_per_piece = self.chunks[0] * at_once
        self._stamp = FileStamp.of(path)
        self.key = repr((str(path.resolve()), self._stamp, name, shape, dtype.str, chunks, filters))
        self._lock = new_lock()
        self._bytes: FileBytes | None = None
        self._library: Any = None
        self._table: np.ndarray | None = None

    @property
    def piece_bytes(self) -> int:
        """Memory that one piece takes."""
        return self.rows_per_piece * self.row_bytes

    @property
    def is_current(self) -> bool:
        """Whether the file is as it was when this was made, as far as can be told now."""
        try:
            return FileStamp.of(self.path) == self._stamp
        except OSError:
            return True  # a drive that is away may come back, and what is unpacked serves meanwhile

    def again(self) -> PackedDataset:
        """The same array in the file as it is now.

        Raises
        ------
        DatasetError
            If it is not there, or is another one.
        """
        size = check_regular_file(self.path).st_size
        if size < self._stamp.size:
            raise DatasetError(
                f"{self.path} became shorter while it was open ({size} of {self._stamp.size} bytes "
                "are left)."
            )
        with open_hdf5(self.path) as file:
            dataset = file.dataset(self.name)
            if dataset is None or (dataset.shape, dataset.dtype) != (self.shape, self.dtype):
                raise DatasetError(f"{self.path}: {self.name} was replaced by another array.")
            plist = dataset.get_create_plist()
            chunked = plist.get_layout() == h5d.CHUNKED
            chunks = plist.get_chunk() if chunked else self._stored
            filters = tuple(plist.get_filter(i)[0] for i in range(plist.get_nfilters()))
            by_library = file.h5.userblock_size > 0 or not chunked
        return PackedDataset(
            self.path, self.name, self.shape, self.dtype, chunks, self._fill, filters, by_library
        )

    def _check(self) -> None:
        if not self.is_current:
            raise DatasetError(f"{self.path} was changed by another program since it was opened.")

    def close(self) -> None:
        with self._lock:
            opened, self._bytes = self._bytes, None
            library, self._library = self._library, None
        if opened is not None:
            opened.close()
        if library is not None:
            library.close()

    def order(self) -> np.ndarray:
        n_pieces = -(-self.shape[0] // self.rows_per_piece)
        if self._by_library:
            return np.arange(n_pieces)
        starts = self._chunk_table()[..., 0].reshape(self._grid[0], -1).astype(np.float64)
        starts[starts < 0] = np.inf
        step = self.rows_per_piece // self.chunks[0]
        firsts = np.minimum.reduceat(starts.min(axis=1), np.arange(0, self._grid[0], step))
        return np.argsort(firsts, kind="stable")

    def read(self, piece: int) -> Piece:
        first = piece * self.rows_per_piece
        n_rows = min(self.rows_per_piece, self.shape[0] - first)
        values = np.empty((n_rows, *self.shape[1:]), self.dtype)
        step = self.rows_per_piece // self.chunks[0]
        rows = range(piece * step, min((piece + 1) * step, self._grid[0]))
        places = list(product(rows, *map(range, self._grid[1:])))
        self._check()
        read = self._read_by_library if self._by_library else self._read_bytes
        damage = read(places, values, first)
        self._check()
        return Piece(values, tuple(damage))

    @property
    def _grid(self) -> tuple[int, ...]:
        return tuple(-(-n // c) for n, c in zip(self.shape, self.chunks, strict=True))

    def _box(self, place: tuple[int, ...]) -> tuple[slice, ...]:
        """Where a chunk lies in the array."""
        return tuple(
            slice(i * c, min((i + 1) * c, n))
            for i, c, n in zip(place, self.chunks, self.shape, strict=True)
        )

    # -- from the bytes of the file ----------------------------------------------------------

    def _chunk_table(self) -> np.ndarray:
        with self._lock:
            if self._table is None:
                table = ChunkTable(
                    self.path, self.name, self.shape, self._stored, self.dtype.itemsize
                )
                self._table = table.stored()
            return self._table

    def _read_bytes(
        self, places: list[tuple[int, ...]], values: np.ndarray, first: int
    ) -> list[str]:
        table = self._chunk_table()
        with self._lock:
            if self._bytes is None:
                self._bytes = FileBytes(self.path, 0)
            file = self._bytes
        found = table[tuple(np.array(places).T)]
        starts, sizes, masks = found.T
        fits = (starts >= 0) & (starts + sizes <= file.size)
        at = np.flatnonzero(fits)
        at = at[np.argsort(starts[at], kind="stable")]
        raw = file.pieces(starts[at], sizes[at])
        begins = np.concatenate([[0], np.cumsum(sizes[at])])
        parts = {int(i): raw[begins[k] : begins[k + 1]] for k, i in enumerate(at)}
        damage = []
        for i, place in enumerate(places):
            box = self._box(place)
            into = values[(slice(box[0].start - first, box[0].stop - first), *box[1:])]
            if starts[i] < 0:
                into[...] = self._fill
                continue
            try:
                if i not in parts:
                    raise ValueError(f"its {sizes[i]} bytes go beyond the end of the file")
                chunk = self._undone(parts[i], int(masks[i]))
            except (zlib.error, ValueError) as error:
                into[...] = 0
                damage.append(self._damaged(box, str(error)))
                continue
            into[...] = chunk[tuple(slice(0, n) for n in into.shape)]
        return damage

    def _undone(self, raw: np.ndarray, mask: int) -> np.ndarray:
        """The values of a chunk from its bytes."""
        data: Any = raw
        for i, code in reversed(list(enumerate(self._filters))):
            if mask >> i & 1:
                continue
            if code == h5z.FILTER_DEFLATE:
                # No more than is expected, whatever it claims.
                deflated = zlib.decompressobj()
                data = deflated.decompress(data, self._chunk_bytes + 1)
                if len(data) == self._chunk_bytes and not deflated.eof:
                    deflated.decompress(deflated.unconsumed_tail, 1)
                    if not deflated.eof:
                        raise ValueError("its compressed bytes do not end")
            elif len(data) == self._chunk_bytes:
                n = self.dtype.itemsize
                data = np.frombuffer(data, np.uint8).reshape(n, -1).T.tobytes()
        if len(data) != self._chunk_bytes:
            least = "at least " if len(data) > self._chunk_bytes else ""
            raise ValueError(f"it holds {least}{len(data)} bytes")
        return np.frombuffer(data, self.dtype).reshape(self._stored)

    # -- through the library -----------------------------------------------------------------

    def _read_by_library(
        self, places: list[tuple[int, ...]], values: np.ndarray, first: int
    ) -> list[str]:
        damage = []
        with self._lock:
            if self._library is None:
                with hdf5_errors(self.path):
                    self._library = open_read_only(self.path, rdcc_nbytes=0)
            with hdf5_errors(self.path):
                dataset = self._library[self.name]
                if dataset.shape != self.shape or dataset.dtype != self.dtype:
                    raise DatasetError(f"{self.path}: {self.name} was replaced by another array.")
            for place in places:
                box = self._box(place)
                into = values[(slice(box[0].start - first, box[0].stop - first), *box[1:])]
                try:
                    into[...] = dataset[box]
                except (OSError, RuntimeError) as error:
                    if "errno" in str(error):
                        self._library = None
                        raise DatasetError(
                            f"{self.path} cannot be read: {reason(error)}. Is its drive connected?"
                        ) from error
                    into[...] = 0
                    damage.append(self._damaged(box, reason(error)))
        return damage

    def _damaged(self, box: tuple[slice, ...], found: str) -> str:
        words = ["rows", "columns", "planes"]
        where = ", ".join(
            f"{word} {s.start} to {s.stop - 1}" for word, s in zip(words, box, strict=False)
        )
        return (
            f"{self.path}: the chunk of {self.name} with {where} is damaged ({found}), expected "
            f"{self._chunk_bytes} bytes; its values are taken to be 0."
        )

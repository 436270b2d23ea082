"""Bytes of a file that may fail or become shorter while it is open.

To touch a mapped page that cannot be read (a drive that went away, a file that was cut) ends the
process with SIGBUS, and nothing that is checked beforehand rules it out. So this program never
touches a mapped page. It asks the kernel for bytes with ``preadv``, which answers with an error.
One call per spike is slow from Python, though. Many pieces of a large file are asked for by a
compiled loop (`scattered`). Of a small file, whose pages are soon mapped, the bytes of small pieces
are copied out of a map *by the kernel*, with one ``pwritev`` per thousand pieces into a file in
memory; where a page cannot be read, the kernel ends that copy early instead of ending the process.
What was not read in one of these ways is asked for with ``preadv``, which knows the reason.

Before any of it the kernel is told of all pieces that are not in memory, so that the drive fetches
many at a time; without, it would fetch one after the other.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np

from phygui.errors import DatasetError
from phygui.storage import system
from phygui.storage.arrays import scattered
from phygui.storage.files import check_regular_file, reason

#: Pieces up to this many bytes on average are copied many at a time. Beyond it, to copy them twice
#: costs more than a call for each.
SMALL = 2048
#: Fewer pieces than this are read one by one.
FEW = 16
#: What the kernel takes in one call (IOV_MAX).
_PER_CALL = 1024
#: Bytes that the kernel is told of before they are read: more might be dropped before their turn.
AHEAD_BYTES = 64 * 2**20
#: Pieces this near are told of as one: to fetch what is between them costs less than another turn.
_NEAR = 16 * 2**10
#: Pieces of which the kernel is asked whether they are in memory.
_N_ASKED = 32
#: Files up to this many bytes are mapped. Of a larger one nearly every piece is on a page that is
#: not mapped yet, which takes longer than a call, and all that is mapped counts as memory of this
#: process.
_MOST_MAPPED = 256 * 2**20
#: Without a compiled loop, pieces of which a part is wanted are read so many bytes at a time.
_BLOCK = 4 * 2**20


def _find_pwritev() -> Callable[..., int] | None:
    try:
        function = ctypes.CDLL(None, use_errno=True).pwritev
    except (AttributeError, OSError, TypeError):  # no such function, or no such library
        return None
    function.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_long]
    function.restype = ctypes.c_ssize_t
    return function


_pwritev = _find_pwritev()


class _Cut(Exception):
    """The file ends before the bytes that were asked for."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


class _Opened:
    """A file that was opened at some time, and its map where there can be one."""

    def __init__(self, path: Path) -> None:
        self.fd = system.open_to_read(path)
        weakref.finalize(self, os.close, self.fd)
        self.map: mmap.mmap | None = None
        self.address = 0
        if os.fstat(self.fd).st_size > _MOST_MAPPED:
            return
        try:
            self.map = mmap.mmap(self.fd, 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError):  # not every file system maps files
            return
        self.address = np.frombuffer(self.map, dtype=np.uint8).ctypes.data
        # Spikes are scattered over the file: what the system would read ahead of each is mostly
        # thrown away.
        if hasattr(mmap, "MADV_RANDOM"):
            self.map.madvise(mmap.MADV_RANDOM)

    def read(self, start: int, into: memoryview) -> None:
        """Fill a buffer with the bytes from ``start`` on."""
        done = 0
        while done < len(into):
            n = system.read_at(self.fd, into[done:], start + done)
            if n == 0:
                raise _Cut(os.fstat(self.fd).st_size)
            done += n

    def is_in_memory(self, starts: np.ndarray) -> bool:
        """Whether some of these bytes, spread over all, are in memory; False if none can tell."""
        return system.is_in_memory(self.fd, starts[:: -(-len(starts) // _N_ASKED)].tolist())

    def fetch(self, starts: np.ndarray, lengths: np.ndarray) -> None:
        """Tell the kernel of pieces to be read, all at once, for the drive to fetch them by."""
        if len(starts) < 2 or not hasattr(os, "posix_fadvise") or self.is_in_memory(starts):
            return
        firsts, n_bytes = runs(starts, lengths)
        if scattered.tell(self.fd, firsts, n_bytes):
            return
        with suppress(OSError):  # it is said by whoever reads them
            for at, length in zip(firsts.tolist(), n_bytes.tolist(), strict=True):
                os.posix_fadvise(self.fd, at, length, os.POSIX_FADV_WILLNEED)

    def copy(self, starts: np.ndarray, lengths: np.ndarray, into: memoryview) -> bool:
        """Copy many small pieces; False if that cannot be done, for whatever reason."""
        ends = starts + lengths
        if self.map is None or _pwritev is None or ends.max() > len(self.map):
            return False
        pieces = np.empty((len(starts), 2), dtype=np.uintp)
        pieces[:, 0] = starts.astype(np.uintp) + np.uintp(self.address)
        pieces[:, 1] = lengths
        try:
            buffer = os.memfd_create("phygui")
        except (AttributeError, OSError):  # another system, or it is forbidden
            return False
        try:
            at = 0
            for i in range(0, len(pieces), _PER_CALL):
                some = pieces[i : i + _PER_CALL]
                wanted = int(some[:, 1].sum())
                if _pwritev(buffer, some.ctypes.data, len(some), 0) != wanted:
                    return False
                if system.read_at(buffer, into[at : at + wanted], 0) != wanted:
                    return False
                at += wanted
            # What is left of the last page of a file that was cut reads as zeros.
            return bool(os.fstat(self.fd).st_size >= ends.max())
        except OSError:
            return False
        finally:
            os.close(buffer)


def runs(starts: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pieces of a file in its order, near ones joined: where each run begins, and its length."""
    order = np.argsort(starts, kind="stable")
    firsts, stops = starts[order], np.maximum.accumulate((starts + lengths)[order])
    heads = np.flatnonzero(np.concatenate([[True], firsts[1:] > stops[:-1] + _NEAR]))
    last = np.append(heads[1:], len(firsts)) - 1
    return firsts[heads], stops[last] - firsts[heads]


class FileBytes:
    """The bytes of a file, read-only; safe to use from several threads.

    A file that failed is opened again by its name at the next read, since a drive that comes back
    is another one to what was open before.

    Raises
    ------
    DatasetError
        If it is no regular file of at least ``needed`` bytes, or cannot be opened.
    """

    def __init__(self, path: Path, needed: int) -> None:
        self.path = path
        self.size = check_regular_file(path).st_size
        if self.size < needed:
            raise DatasetError(
                f"{path} is truncated: it holds {self.size} bytes, expected {needed}."
            )
        self._lock = system.new_lock()
        self._opened: _Opened | None = self._open()
        self._is_closed = False

    def close(self) -> None:
        """Let go of the file and its map, as soon as what reads from them now has ended."""
        with self._lock:
            self._opened, self._is_closed = None, True

    def _open(self) -> _Opened:
        try:
            return _Opened(self.path)
        except OSError as error:
            raise DatasetError(f"{self.path} cannot be opened: {reason(error)}.") from error

    def pieces(self, starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Pieces of the file, one after the other, as a new array of bytes.

        Parameters
        ----------
        starts, lengths : (n_pieces,) int64
            Where each begins, and how many bytes it has.

        Raises
        ------
        DatasetError
            If they cannot be read now; they may be at the next attempt.
        """
        out = np.empty(int(lengths.sum()), dtype=np.uint8)
        if not out.size:
            return out
        small = len(starts) >= FEW and out.size <= SMALL * len(starts)
        into = out.data
        opened = self._current()
        try:
            self._fill(opened, starts, lengths, into, small)
        except DatasetError:
            # Perhaps the file is there again, and only what was open before is dead.
            self._give_up(opened)
            again = self._current()
            try:
                self._fill(again, starts, lengths, into, small)
            except DatasetError:
                self._give_up(again)
                raise
        return out

    def columns(
        self, starts: np.ndarray, shape: tuple[int, int], columns: np.ndarray, dtype: np.dtype
    ) -> np.ndarray:
        """Some columns of blocks of rows, each of which is a piece of the file, as a new array.

        Parameters
        ----------
        starts : (n_blocks,) int64
            Where each begins.
        shape : tuple of int
            Rows and columns of each of them.
        columns : (n_wanted,) int64
        dtype : dtype
            Of the numbers in the file.

        Returns
        -------
        (n_blocks, n_rows, n_wanted) array

        Raises
        ------
        DatasetError
            As for :meth:`pieces`.
        """
        n_rows, n_columns = shape
        length = n_rows * n_columns * dtype.itemsize
        step = max(1, AHEAD_BYTES // length)
        blocks = [np.empty((0, n_rows, len(columns)), dtype)]
        for i in range(0, len(starts), step):
            some = starts[i : i + step]
            opened = self._current()
            if len(some) >= FEW:
                opened.fetch(some, np.full(len(some), length))
            block = scattered.gather(opened.fd, some, *shape, columns, dtype)
            # It is not there, or could not be read: then it is said why.
            blocks.append(self._columns(some, shape, columns, dtype) if block is None else block)
        return blocks[1] if len(blocks) == 2 else np.concatenate(blocks)

    def _columns(
        self, starts: np.ndarray, shape: tuple[int, int], columns: np.ndarray, dtype: np.dtype
    ) -> np.ndarray:
        """As :meth:`columns`, without the compiled loop."""
        length = shape[0] * shape[1] * dtype.itemsize
        step = max(1, _BLOCK // length)
        blocks = [np.empty((0, shape[0], len(columns)), dtype)]
        for i in range(0, len(starts), step):
            some = starts[i : i + step]
            block = self.pieces(some, np.full(len(some), length)).view(dtype)
            blocks.append(block.reshape(len(some), *shape)[:, :, columns])
        return blocks[1] if len(blocks) == 2 else np.concatenate(blocks)

    def rows(
        self,
        starts: np.ndarray,
        owners: np.ndarray,
        columns: np.ndarray,
        places: np.ndarray,
        out: np.ndarray,
    ) -> bool:
        """Some float32 of each of many rows: see `scattered.gather_rows`.

        False where that cannot be done: whoever reads them in another way is told why.

        Raises
        ------
        DatasetError
            If the file was closed, or is another one.
        """
        opened = self._current()
        opened.fetch(starts, 4 * (columns.max(axis=1, initial=0) + 1)[owners])
        return scattered.gather_rows(opened.fd, starts, owners, columns, places, out)

    def piece(self, start: int, stop: int) -> np.ndarray:
        """One stretch of the file, as a new array of bytes."""
        return self.pieces(np.array([start]), np.array([stop - start]))

    def _current(self) -> _Opened:
        with self._lock:
            if self._is_closed:
                raise DatasetError(f"{self.path} was closed.")
            if self._opened is None:
                size = check_regular_file(self.path).st_size
                if size < self.size:
                    raise self._shorter(size)
                if size > self.size:
                    raise DatasetError(
                        f"{self.path} was replaced by another file: it holds {size} bytes, "
                        f"expected {self.size}."
                    )
                self._opened = self._open()
            return self._opened

    def _give_up(self, opened: _Opened) -> None:
        with self._lock:
            if self._opened is opened:
                self._opened = None

    def _fill(
        self,
        opened: _Opened,
        starts: np.ndarray,
        lengths: np.ndarray,
        into: memoryview,
        small: bool,
    ) -> None:
        at = start = told = 0
        if len(starts) >= FEW and len(into) <= AHEAD_BYTES:
            opened.fetch(starts, lengths)
            told = len(starts)
            if small and opened.copy(starts, lengths, into):
                return
            if scattered.read(opened.fd, starts, lengths, into):
                return
        stops = np.cumsum(lengths)
        try:
            for i, (start, length) in enumerate(
                zip(starts.tolist(), lengths.tolist(), strict=True)
            ):
                if i == told:
                    told = max(i + 1, int(np.searchsorted(stops, at + AHEAD_BYTES)))
                    opened.fetch(starts[i:told], lengths[i:told])
                opened.read(start, into[at : at + length])
                at += length
        except _Cut as error:
            raise self._shorter(error.size) from error
        except OSError as error:
            raise DatasetError(
                f"{self.path} cannot be read at byte {start}: {reason(error)}. Is its drive "
                "connected?"
            ) from error

    def _shorter(self, size: int) -> DatasetError:
        return DatasetError(
            f"{self.path} became shorter while it was open ({size} of {self.size} bytes are left)."
        )

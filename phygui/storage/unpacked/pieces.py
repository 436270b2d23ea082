"""Which pieces of an array are unpacked; each is unpacked once, whoever wants it first."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Iterable
from contextlib import suppress

import numpy as np

from phygui.errors import DatasetError
from phygui.storage.arrays.stores import ContiguousStore, MemoryStore, Store
from phygui.storage.files import reason
from phygui.storage.unpacked.packed import Cancel, Packed
from phygui.storage.unpacked.room import HEADER_BYTES, Making, find

#: Arrays up to this size are unpacked into memory; others into a file.
MEMORY_BYTES = 16 * 2**20
#: Work in the background takes this long at a time.
TURN_S = 0.5


class Unpacking:
    """An array on its way from where it is packed to where its rows can be read.

    Safe to use from several threads: each piece is unpacked by the thread that comes first, and
    the others that want it wait for that one.

    Parameters
    ----------
    packed : Packed

    Raises
    ------
    NoRoomError
        If there is no place for it.
    """

    def __init__(self, packed: Packed) -> None:
        self.shape, self.dtype = packed.shape, packed.dtype
        self._packed = packed
        self._row_bytes = int(np.prod(packed.shape[1:], dtype=np.int64)) * packed.dtype.itemsize
        self.n_bytes = packed.shape[0] * self._row_bytes
        self.n_pieces = -(-packed.shape[0] // packed.rows_per_piece)
        #: What was found to be damaged, one sentence each.
        self.damage: list[str] = []
        #: How long it took from the first piece to the last, seconds; None if nothing was to do.
        self.seconds: float | None = None
        self._began: float | None = None
        self._changed = threading.Condition()
        self._underway: set[int] = set()
        self._there = np.zeros(self.n_pieces, dtype=bool)
        self._n_there = 0
        self._order: np.ndarray | None = None
        self._memory: np.ndarray | None = None
        self._making: Making | None = None
        self._is_closed = False
        if self.n_bytes <= MEMORY_BYTES:
            self._memory = np.empty(self.shape, self.dtype)
            self.store: Store = MemoryStore(self._memory)
        elif (path := find(packed.key, self.n_bytes)) is not None:
            self._there[:] = True
            self._n_there = self.n_pieces
            self.store = ContiguousStore(path, HEADER_BYTES, self.shape, self.dtype)
        else:
            self._making = Making(packed.key, self.n_bytes)
            # Where files can be removed while they are open, a program that ends takes it along.
            weakref.finalize(self, self._making.drop)
            path = self._making.path
            self.store = ContiguousStore(path, HEADER_BYTES, self.shape, self.dtype)

    @property
    def is_complete(self) -> bool:
        """Whether every piece is unpacked."""
        return self._n_there == self.n_pieces

    @property
    def is_kept(self) -> bool:
        """Whether nothing is left to do for later openings."""
        return self.is_complete and self._making is None

    @property
    def is_in_file(self) -> bool:
        """Whether it is unpacked into a file, which the next opening finds."""
        return self._memory is None

    def progress(self) -> tuple[int, int]:
        """How many pieces are unpacked, and how many there are."""
        return self._n_there, self.n_pieces

    def ensure(self, pieces: np.ndarray) -> None:
        """Have these pieces unpacked; those that another thread is at are waited for.

        Raises
        ------
        DatasetError
            If one cannot be read now; it may be at the next attempt.
        """
        if self.is_complete:
            return
        missing = pieces[~self._there[pieces]]
        if len(missing):
            for piece in self._in_file_order(missing):
                self._unpack(piece, wait=False)
            for piece in missing.tolist():
                self._unpack(piece, wait=True)

    def turn(self, cancelled: Cancel) -> None:
        """Unpack for a while, in the order of the file; what is complete is kept for later.

        Raises
        ------
        DatasetError
            If a piece cannot be read now.
        """
        until = time.monotonic() + TURN_S
        for piece in self._in_file_order(np.flatnonzero(~self._there)):
            if cancelled() or time.monotonic() > until:
                return
            self._unpack(piece, wait=False)
        for piece in np.flatnonzero(~self._there).tolist():
            self._unpack(piece, wait=True)
        self.keep()

    def keep(self) -> None:
        """Keep what is complete for the next opening; where that fails, it serves this one."""
        with self._changed:
            making, self._making = self._making, None
        if making is None:
            return
        path = None
        with suppress(OSError):
            if self._packed.is_current and not self.damage:
                path = making.keep()
        if path is None:
            making.drop()
            return
        # Whoever has to open the file again finds it by its new name; what reads now goes on.
        self.store = ContiguousStore(path, HEADER_BYTES, self.shape, self.dtype)

    def close(self) -> None:
        """Nobody reads it any more."""
        with self._changed:
            self._is_closed = True
            making, self._making = self._making, None
        if making is not None:
            making.drop()
        self.store.close()
        self._packed.close()

    def _in_file_order(self, pieces: np.ndarray) -> Iterable[int]:
        if self._order is None:
            self._order = np.argsort(self._packed.order())
        order: list[int] = pieces[np.argsort(self._order[pieces], kind="stable")].tolist()
        return order

    def _unpack(self, piece: int, *, wait: bool) -> None:
        with self._changed:
            while piece in self._underway and wait:
                self._changed.wait()
            if self._there[piece] or piece in self._underway:
                return
            self._underway.add(piece)
            if self._began is None:
                self._began = time.monotonic()
        is_there = False
        damage: tuple[str, ...] = ()
        try:
            found = self._packed.read(piece)
            self._put(piece, found.values)
            is_there, damage = True, found.damage
        finally:
            with self._changed:
                self._underway.discard(piece)
                if is_there:
                    self._there[piece] = True
                    self._n_there += 1
                    self.damage += damage
                    if self.is_complete:
                        self.seconds = time.monotonic() - self._began
                self._changed.notify_all()

    def _put(self, piece: int, values: np.ndarray) -> None:
        first = piece * self._packed.rows_per_piece
        if self._memory is not None:
            self._memory[first : first + len(values)] = values
            return
        making = self._making
        if making is None or self._is_closed:
            raise DatasetError(f"{self._packed.path} was closed.")
        plain = np.ascontiguousarray(values).view(np.uint8).reshape(-1)
        try:
            making.write(first * self._row_bytes, plain.data)
        except OSError as error:
            raise DatasetError(
                f"{making.path}, which {self._packed.path} is unpacked into, cannot be written: "
                f"{reason(error)}."
            ) from error


_all: weakref.WeakValueDictionary[str, Unpacking] = weakref.WeakValueDictionary()
_users: dict[str, int] = {}
_lock = threading.Lock()


def take(packed: Packed) -> Unpacking:
    """The unpacking of an array, which all who read the array in this process share.

    Raises
    ------
    NoRoomError
        If there is no place for it.
    """
    with _lock:
        found = _all.get(packed.key)
        if found is None:
            found = _all[packed.key] = Unpacking(packed)
        else:
            packed.close()
        _users[packed.key] = _users.get(packed.key, 0) + 1
        return found


def give_back(key: str) -> None:
    """One reader of it fewer; with the last it is closed."""
    with _lock:
        _users[key] -= 1
        if _users[key]:
            return
        del _users[key]
        unpacking = _all.pop(key)
    with suppress(OSError):
        unpacking.close()

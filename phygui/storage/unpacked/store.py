"""An array that is unpacked as it is read, to whoever reads it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from phygui.errors import DatasetError
from phygui.storage.arrays.lazy import Selection, indices_of
from phygui.storage.arrays.stores import Store
from phygui.storage.system import new_lock
from phygui.storage.unpacked.packed import Cancel, Packed
from phygui.storage.unpacked.pieces import Unpacking, give_back, take
from phygui.storage.unpacked.room import NoRoomError
from phygui.words import in_bytes


class UnpackedStore(Store):
    """Rows of a packed array, as fast as those of a plain one once they are unpacked.

    Nothing is unpacked before the first read. What is read is unpacked then; the rest, in the
    order of the file, by whoever runs :meth:`job`.

    Parameters
    ----------
    packed : Packed
    otherwise : callable
        Opens a store that reads it where it lies, if there is no place to unpack it to.
    warn : callable
        Told what is damaged, or why it is not unpacked; one sentence each.
    """

    def __init__(
        self, packed: Packed, otherwise: Callable[[], Store], warn: Callable[[str], None]
    ) -> None:
        self.shape, self.dtype = packed.shape, packed.dtype
        self.packed = packed
        self._otherwise, self._warn = otherwise, warn
        self._lock = new_lock()
        self._unpacking: Unpacking | None = None
        self._instead: Store | None = None
        self._is_closed = False
        self._n_told = 0
        self._is_told = False

    # -- reading -----------------------------------------------------------------------------

    def read(self, selections: list[Selection]) -> np.ndarray:
        unpacking = self._begin()
        if unpacking is None:
            assert self._instead is not None
            return self._instead.read(selections)
        if not unpacking.is_complete:
            self._ensure(unpacking, [selections[0]])
        return unpacking.store.read(selections)

    def windows(self, starts: np.ndarray, width: int, columns: np.ndarray) -> np.ndarray:
        unpacking = self._begin()
        if unpacking is None:
            assert self._instead is not None
            return self._instead.windows(starts, width, columns)
        if not unpacking.is_complete and len(starts) and width:
            step = self.packed.rows_per_piece
            within = np.append(np.arange(0, width, step), width - 1)
            self._ensure(unpacking, [starts + i for i in within])
        return unpacking.store.windows(starts, width, columns)

    def _begin(self) -> Unpacking | None:
        with self._lock:
            if self._is_closed:
                raise DatasetError(f"{self.packed.path} was closed.")
            if self._instead is not None:
                return None
            if not self.packed.is_current:
                self._follow()
            if self._unpacking is None:
                try:
                    self._unpacking = take(self.packed)
                except NoRoomError as error:
                    self._instead = self._otherwise()
                    self._warn(
                        f"{self.packed.path}: {self.packed.name} is compressed, or lies in an "
                        f"order that is slow to read, and was not unpacked: {error}. What needs "
                        "many of its rows takes long."
                    )
                    return None
            return self._unpacking

    def _follow(self) -> None:
        """The file was written: what was unpacked of it is of no use any more."""
        packed = self.packed.again()
        before, self._unpacking = self._unpacking, None
        if before is not None:
            give_back(self.packed.key)
        self.packed.close()
        self.packed, self._n_told, self._is_told = packed, 0, False

    def _ensure(self, unpacking: Unpacking, rows: list[Selection]) -> None:
        step = self.packed.rows_per_piece
        numbers = [np.unique(indices_of(some) // step) for some in rows]
        try:
            unpacking.ensure(np.unique(np.concatenate(numbers)))
        finally:
            self._tell(unpacking)

    def _tell(self, unpacking: Unpacking) -> None:
        with self._lock:
            new = unpacking.damage[self._n_told :]
            self._n_told += len(new)
        for text in new:
            self._warn(text)

    def close(self) -> None:
        with self._lock:
            was_closed, self._is_closed = self._is_closed, True
            unpacking, self._unpacking = self._unpacking, None
        if self._instead is not None:
            self._instead.close()
        if unpacking is not None and not was_closed:
            give_back(self.packed.key)
        self.packed.close()

    # -- the rest, meanwhile -----------------------------------------------------------------

    @property
    def preparation(self) -> UnpackedStore:
        """Unpacking the rest."""
        return self

    @property
    def title(self) -> str:
        """What :meth:`job` does."""
        return f"unpacking {self.packed.path.name}"

    def progress(self) -> tuple[int, int]:
        """How many pieces are unpacked, and how many there are."""
        unpacking = self._unpacking
        return (0, 1) if unpacking is None else unpacking.progress()

    def job(self) -> Callable[[Cancel], str] | None:
        """See :class:`~phygui.storage.unpacked.packed.Preparation`."""
        # Asked by who must not wait for the lock, which is held while a file is made.
        over = self._is_closed or self._instead is not None or self._is_told
        return None if over else self._work

    def _work(self, cancelled: Cancel) -> str:
        try:
            unpacking = self._begin()
            if unpacking is None:
                return ""
            try:
                unpacking.turn(cancelled)
            finally:
                self._tell(unpacking)
        except DatasetError:
            if self._is_closed:  # meanwhile
                return ""
            raise
        if not unpacking.is_kept:
            return ""
        self._is_told = True
        if unpacking.seconds is None:
            return ""
        where = f"{in_bytes(unpacking.n_bytes)} in {unpacking.seconds:.1f} s"
        if unpacking.damage:
            return unpacking.damage[0]
        kept = ", and kept for the next opening" if unpacking.is_in_file else ""
        return f"{self.packed.path.name} is unpacked ({where}){kept}"

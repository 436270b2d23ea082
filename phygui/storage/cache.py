"""A bounded memory of what was computed, keyed by the very arrays it was computed from."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

Key = tuple[tuple[int, ...], Hashable]
_Entry = tuple[tuple[weakref.ref[Any], ...], Any, int]


class ByteCache:
    """Results by the objects they come from, the least recently used dropped first.

    Edits of a clustering replace the spike lists of clusters and never write into them, so the
    identity of a list stands for its content: what was computed from untouched clusters stays
    valid after an edit, and comes back with an undo. The objects are held weakly; a new object
    that happens to get the address of a dead one is told from it.

    Safe to use from several threads.

    Parameters
    ----------
    max_bytes : int
        Size of the values kept.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.n_bytes = 0
        self._lock = threading.Lock()
        self._entries: OrderedDict[Key, _Entry] = OrderedDict()

    def get(self, owners: tuple[object, ...], key: Hashable) -> Any | None:
        """What was put for these very objects and this key, or None."""
        full = (tuple(map(id, owners)), key)
        with self._lock:
            entry = self._entries.get(full)
            if entry is None or any(r() is not o for r, o in zip(entry[0], owners, strict=True)):
                return None
            self._entries.move_to_end(full)
            return entry[1]

    def put(self, owners: tuple[object, ...], key: Hashable, value: Any, n_bytes: int) -> None:
        """Keep a value; values larger than the whole cache are not kept."""
        if n_bytes > self.max_bytes:
            return
        full = (tuple(map(id, owners)), key)
        refs = tuple(weakref.ref(o) for o in owners)
        with self._lock:
            old = self._entries.pop(full, None)
            if old is not None:
                self.n_bytes -= old[2]
            self._entries[full] = (refs, value, n_bytes)
            self.n_bytes += n_bytes
            while self.n_bytes > self.max_bytes:
                _, dropped = self._entries.popitem(last=False)
                self.n_bytes -= dropped[2]

    def __len__(self) -> int:
        return len(self._entries)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self.n_bytes = 0

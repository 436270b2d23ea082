"""A bounded memory of what was computed, keyed by the very arrays it was computed from.

Each cache has a bound of its own, so that one view does not drive out what the others keep, and all
of them together have one figure, which `PHYGUI_CACHE_MB` may change.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections import OrderedDict
from collections.abc import Hashable
from itertools import count
from typing import Any

Key = tuple[tuple[int, ...], Hashable]
_Entry = tuple[tuple[weakref.ref[Any], ...], Any, int, int]

DEFAULT_MB = 128
"""What all caches of a process hold together at most, unless the environment says otherwise."""


class Budget:
    """What several caches hold together at most: what was not used for longest goes first.

    Parameters
    ----------
    max_bytes : int
        Size of the values kept in all of them.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.lock = threading.RLock()
        self._caches: weakref.WeakSet[ByteCache] = weakref.WeakSet()
        self._uses = count()

    def share(self, cache: ByteCache) -> None:
        """Let another cache have its part."""
        with self.lock:
            self._caches.add(cache)

    def use(self) -> int:
        """The number of a use: the later, the higher."""
        return next(self._uses)

    @property
    def n_bytes(self) -> int:
        """Size of all that is kept."""
        with self.lock:
            return sum(cache.n_bytes for cache in self._caches)

    def fit(self) -> None:
        """Drop what was not used for longest until the rest fits."""
        with self.lock:
            while self.n_bytes > self.max_bytes:
                min((c for c in self._caches if len(c)), key=ByteCache.oldest_use).drop_oldest()


def _from_environment() -> int:
    told = os.environ.get("PHYGUI_CACHE_MB", "")
    return (int(told) if told.isascii() and told.isdigit() else DEFAULT_MB) * 2**20


SHARED = Budget(_from_environment())
"""That of all caches of this process."""


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
    budget : Budget
        What it shares with other caches.
    """

    def __init__(self, max_bytes: int, budget: Budget = SHARED) -> None:
        self.max_bytes = max_bytes
        self.n_bytes = 0
        self._budget = budget
        self._lock = budget.lock
        self._entries: OrderedDict[Key, _Entry] = OrderedDict()
        budget.share(self)

    def get(self, owners: tuple[object, ...], key: Hashable) -> Any | None:
        """What was put for these very objects and this key, or None."""
        full = (tuple(map(id, owners)), key)
        with self._lock:
            entry = self._entries.get(full)
            if entry is None or any(r() is not o for r, o in zip(entry[0], owners, strict=True)):
                return None
            self._entries[full] = (*entry[:3], self._budget.use())
            self._entries.move_to_end(full)
            return entry[1]

    def put(self, owners: tuple[object, ...], key: Hashable, value: Any, n_bytes: int) -> None:
        """Keep a value; values larger than the whole cache are not kept."""
        if n_bytes > min(self.max_bytes, self._budget.max_bytes):
            return
        full = (tuple(map(id, owners)), key)
        refs = tuple(weakref.ref(o) for o in owners)
        with self._lock:
            old = self._entries.pop(full, None)
            if old is not None:
                self.n_bytes -= old[2]
            self._entries[full] = (refs, value, n_bytes, self._budget.use())
            self.n_bytes += n_bytes
            while self.n_bytes > self.max_bytes:
                self.drop_oldest()
            self._budget.fit()

    def oldest_use(self) -> int:
        """When what was not used for longest was used last; there is something."""
        return next(iter(self._entries.values()))[3]

    def drop_oldest(self) -> None:
        """Forget what was not used for longest."""
        with self._lock:
            _, dropped = self._entries.popitem(last=False)
            self.n_bytes -= dropped[2]

    def __len__(self) -> int:
        return len(self._entries)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self.n_bytes = 0

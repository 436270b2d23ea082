"""The heap of the C library: large arrays are kept out of it, and free memory is given back.

Nothing depends on it. Where the library is not glibc, or the system not Linux, nothing happens.
`benchmarks/bench_heap.py` measures what each of the two gains.
"""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Parameters of glibc's mallopt, by their numbers in the C header."""
_LARGE, _LARGEST = 1 << 20, 1 << 23
"""Bytes of a large array, and of the largest that may be in the heap at all."""
_FREE, _MUCH_FREE = 1 << 17, 1 << 23
"""Bytes that may be free at the end of the heap: as the library begins, and while reused."""

_is_kept_apart = _is_reused = False


def _glibc() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    try:
        libc = ctypes.CDLL("libc.so.6")
    except OSError:
        return None
    return libc if hasattr(libc, "gnu_get_libc_version") else None


def trim() -> bool:
    """Give free memory back; returns whether any was.

    Arrays that come and go leave holes in the heap, which grows although what is in use does not.
    """
    libc = _glibc()
    return libc is not None and bool(libc.malloc_trim(0))


def keep_large_apart() -> bool:
    """Keep arrays of a megabyte and more out of the heap; returns whether that can be done.

    The system then takes each back when it is freed. The library begins that way, but raises its
    limit with each large array that is freed, up to 32 MB, unless it is told one.
    """
    global _is_kept_apart
    _is_kept_apart = _set(_LARGE, _FREE)
    return _is_kept_apart


def reuse_large(wanted: bool) -> None:
    """Keep what large arrays leave behind for the next ones, or no longer.

    For long work in which many of them come and go: each time they come from the system, all their
    pages have to be cleared first, which takes about as long as to read what is put into them. It
    changes nothing in a process where they are not kept apart.
    """
    global _is_reused
    if _is_kept_apart and wanted != _is_reused:
        _is_reused = wanted
        _set(*(_LARGEST, _MUCH_FREE) if wanted else (_LARGE, _FREE))


def _set(largest: int, free: int) -> bool:
    libc = _glibc()
    if libc is None or not libc.mallopt(_MMAP_THRESHOLD, largest):
        return False
    return bool(libc.mallopt(_TRIM_THRESHOLD, free))

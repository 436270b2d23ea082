"""The heap of the C library: large arrays are kept out of it, and free memory is given back.

Nothing depends on it. Where the library is not glibc, or the system not Linux, nothing happens.
`benchmarks/bench_heap.py` measures what each of the two gains.
"""

from __future__ import annotations

import ctypes
import sys

_MMAP_THRESHOLD = -3
"""A parameter of glibc's mallopt, by its number in the C header."""
_LARGE = 1 << 20
"""Bytes of a large array."""


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
    libc = _glibc()
    return libc is not None and bool(libc.mallopt(_MMAP_THRESHOLD, _LARGE))

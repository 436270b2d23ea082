"""The heap of the C library: memory claimed ahead when the program starts, and given back.

Nothing depends on it. Where the library is not glibc, or the system not Linux, nothing happens.
"""

from __future__ import annotations

import ctypes
import sys
import threading

# Parameters of glibc's mallopt, and the advice to madvise, by their numbers in the C headers.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
_POPULATE_WRITE = 23
_PAGE, _STEP = 1 << 12, 1 << 20


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

    Arrays of some megabytes that come and go leave holes in the heap, which grows although what is
    in use does not.
    """
    libc = _glibc()
    return libc is not None and bool(libc.malloc_trim(0))


def claim(n_bytes: int) -> None:
    """Let the system provide memory in a thread of its own, before it is asked for.

    A page of memory is provided when it is first touched. A start touches many thousands, one
    after another, while the second processor has little to do. What remains unused of the memory
    is given back by the next :func:`trim`.
    """
    libc = _glibc()
    if libc is None:
        return
    libc.malloc.restype = libc.sbrk.restype = ctypes.c_void_p
    libc.malloc.argtypes, libc.free.argtypes = [ctypes.c_size_t], [ctypes.c_void_p]
    libc.sbrk.argtypes = [ctypes.c_ssize_t]
    libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    # Otherwise the memory would go back with the next free(). Large arrays are kept out of the
    # heap, in which they would leave holes; once thresholds are set, glibc no longer adapts them.
    libc.mallopt(_TRIM_THRESHOLD, 4 * n_bytes)
    libc.mallopt(_MMAP_THRESHOLD, 1 << 20)
    libc.mallopt(_TOP_PAD, n_bytes)
    block = libc.malloc(_STEP // 2)
    start, end = -(-(block or 0) // _PAGE) * _PAGE, libc.sbrk(0) or 0
    libc.free(block)
    libc.mallopt(_TOP_PAD, _STEP)

    def provide() -> None:
        for address in range(start, end - _STEP, _STEP):
            if libc.madvise(address, _STEP, _POPULATE_WRITE):
                break

    # Whoever replaces malloc has no heap there.
    if 0 < end - start <= n_bytes + 2 * _STEP:
        threading.Thread(target=provide, name="phygui-heap", daemon=True).start()

"""How many threads linear algebra takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any

_lock = Lock()
_limits: list[Any] = []
"""What gives the threads back, once for each that is inside."""


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Do linear algebra in one thread, where there is much of it on small arrays.

    Threads that wait for one another at every step cost more than they do: a fit of ten parameters
    took seven times as long on two cores. Several threads may be inside at once; the last one out
    gives the threads back.
    """
    with _lock:
        _limits.append(_limits[0] if _limits else _libraries().limit(limits=1, user_api="blas"))
    try:
        yield
    finally:
        with _lock:
            limit = _limits.pop()
            if not _limits:
                limit.restore_original_limits()


@cache
def _libraries() -> Any:
    """Those that are loaded when linear algebra is first limited: to find them takes 20 ms."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()

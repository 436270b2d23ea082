"""Whole files read in their order, so that the system holds them when parts of them are wanted."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from pathlib import Path

from phygui.storage import system

PIECE_BYTES = 4 * 2**20
"""What is read at once: in some milliseconds, after which it may have to wait."""
SHARE_OF_MEMORY = 0.75
"""Part of the memory that is available which files may take that are read ahead."""


def that_fit(paths: Iterable[Path], least: int = 0) -> list[Path]:
    """Files of `least` bytes or more, the first ones first, that memory can hold together."""
    room = SHARE_OF_MEMORY * system.memory_available()
    found = []
    for path in paths:
        try:
            size = path.stat().st_size
        except OSError:  # it is said by whoever reads it
            continue
        if least <= size <= room:
            room -= size
            found.append(path)
    return found


class ReadThrough:
    """Reads files from their beginning to their end in a thread, whenever it may.

    What is in memory by then is passed over; what cannot be read is left to whoever wants it.

    Parameters
    ----------
    paths : iterable of Path
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self._paths = list(paths)
        self._may = threading.Event()
        self._is_over = not self._paths
        self._thread: threading.Thread | None = None

    def go_on(self) -> None:
        """Read, until it has to pause."""
        if self._is_over:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="phygui-ahead", daemon=True)
            self._thread.start()
        self._may.set()

    def pause(self) -> None:
        """Read no other piece for now."""
        self._may.clear()

    def end(self) -> None:
        """Read nothing any more."""
        self._is_over = True
        self._may.set()

    def wait(self) -> None:
        """Until all is read, or it was ended; for tests."""
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        buffer = memoryview(bytearray(PIECE_BYTES))
        for path in self._paths:
            try:
                fd = system.open_to_read(path)
            except OSError:
                continue
            try:
                self._read(fd, buffer)
            except OSError:
                continue
            finally:
                os.close(fd)
        self._is_over = True

    def _read(self, fd: int, buffer: memoryview) -> None:
        for start in range(0, os.fstat(fd).st_size, PIECE_BYTES):
            self._may.wait()
            if self._is_over:
                return
            if not system.is_in_memory(fd, (start, start + PIECE_BYTES // 2)):
                system.read_at(fd, buffer, start)

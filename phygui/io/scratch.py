"""A nameless file of a session: all that its journal holds, to be read again."""

from __future__ import annotations

import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from phygui.io.records import Record, decode


class Scratch:
    """Bytes on the disk that nobody else can reach, and that vanish with this object.

    Parameters
    ----------
    folder : Path
        Where they lie: on the disk of the dataset, since the folder of temporary files may be in
        memory.
    """

    def __init__(self, folder: Path) -> None:
        # Its name is gone as soon as it is open, where it has one at all.
        self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115
        self._lock = threading.Lock()
        self.size = 0

    def append(self, data: bytes) -> None:
        """Add some bytes.

        Raises
        ------
        OSError
            If the disk is full or fails; the bytes are then not there.
        """
        with self._lock:
            self._file.seek(self.size)
            view = memoryview(data)
            while len(view):
                written = self._file.write(view)
                if not written:
                    raise OSError("the disk takes no more")
                view = view[written:]
            self.size += len(data)

    def read(self, offset: int = 0, size: int | None = None) -> bytes:
        """Some bytes, by default all.

        Raises
        ------
        OSError
            If they cannot be read.
        """
        parts = []
        with self._lock:
            self._file.seek(offset)
            left = self.size - offset if size is None else size
            while left > 0:
                part = self._file.read(left)
                if not part:
                    raise OSError("the undo stack on the disk is cut short")
                parts.append(part)
                left -= len(part)
        return b"".join(parts)


@dataclass(frozen=True)
class Place:
    """Where a record lies in a scratch file."""

    scratch: Scratch
    offset: int
    size: int

    def record(self) -> Record:
        """The record.

        Raises
        ------
        OSError, RecordError
            If it cannot be read.
        """
        return decode(self.scratch.read(self.offset, self.size))[0]

"""A nameless file of a session: all that its journal holds, to be read again."""

from __future__ import annotations

import os
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from phygui.storage.state.records import Record, decode


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
        view, done = memoryview(data), 0
        while done < len(view):
            written = self._write(view[done:], self.size + done)
            if not written:
                raise OSError("the disk accepts no more data")
            done += written
        self.size += done

    def read(self, offset: int = 0, size: int | None = None) -> bytes:
        """Some bytes, by default all.

        Raises
        ------
        OSError
            If they cannot be read.
        """
        parts = []
        end = self.size if size is None else offset + size
        while offset < end:
            part = self._read(end - offset, offset)
            if not part:
                raise OSError("the undo stack on the disk is cut short")
            parts.append(part)
            offset += len(part)
        return b"".join(parts)

    # A forked child shares the position in the file with its parent: it is not used where the
    # system can do without.

    def _write(self, data: memoryview, offset: int) -> int:
        if hasattr(os, "pwrite"):
            return os.pwrite(self._file.fileno(), data, offset)
        with self._lock:
            self._file.seek(offset)
            return self._file.write(data) or 0

    def _read(self, size: int, offset: int) -> bytes:
        if hasattr(os, "pread"):
            return os.pread(self._file.fileno(), size, offset)
        with self._lock:
            self._file.seek(offset)
            return self._file.read(size)


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

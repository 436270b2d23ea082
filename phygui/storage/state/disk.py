"""The system calls of the journal, in one place so that tests can make them fail."""

from __future__ import annotations

import os
from pathlib import Path

from phygui.storage import system
from phygui.storage.state.state_files import open_for_writing


class Disk:
    """What the journal asks of the system; a test replaces a call to fail or stop short."""

    def open(self, path: Path, flags: int) -> int:
        """Open a regular file for writing; nothing is followed."""
        return open_for_writing(path, flags)

    def write_at(self, fd: int, data: bytes, offset: int) -> int:
        """Write some bytes; returns how many were written, perhaps fewer."""
        os.lseek(fd, offset, os.SEEK_SET)
        return os.write(fd, data)

    def sync(self, fd: int) -> None:
        """Wait until what was written is on the disk."""
        system.sync(fd, only_data=True)

    def truncate(self, fd: int, size: int) -> None:
        """Cut a file."""
        os.ftruncate(fd, size)

    def close(self, fd: int) -> None:
        """Close a file."""
        os.close(fd)


DISK = Disk()

"""Faults at system calls: builds, preloads and arms ``faults.c``."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

COUNT, KILL_BEFORE, KILL_AFTER, FAIL, SHORT_WRITE, FAIL_FROM = range(1, 7)
OPEN, WRITE, SYNC, RENAME, LINK, UNLINK, CUT, MODE, READ, MKDIR = (1 << n for n in range(10))
CHANGES = OPEN | WRITE | SYNC | RENAME | LINK | UNLINK | CUT | MODE | MKDIR
ALL = CHANGES | READ

_MARK = "PHYGUI_FAULTS"


def is_possible() -> bool:
    """Whether this system can preload a library, and has a compiler for it."""
    return sys.platform == "linux" and shutil.which("cc") is not None


def preload() -> None:
    """Start this program anew with the library in it; returns in the new one."""
    if os.environ.get(_MARK):
        return
    folder = Path(tempfile.mkdtemp(prefix="phygui-faults-"))
    library = folder / "faults.so"
    source = Path(__file__).with_name("faults.c")
    command = ["cc", "-O2", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"]
    subprocess.run(command, check=True)
    found = {**os.environ, "LD_PRELOAD": str(library), _MARK: str(library)}
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], found)


def remove() -> None:
    """Remove what :func:`preload` has built."""
    shutil.rmtree(Path(os.environ[_MARK]).parent, ignore_errors=True)


class Faults:
    """The preloaded library."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(os.environ[_MARK])
        self._library.faults_last.restype = ctypes.c_char_p

    @contextmanager
    def armed(
        self, folder: Path, how: int, when: int = 0, error: int = errno.EIO, kinds: int = ALL
    ) -> Iterator[None]:
        """Let the ``when``-th call that touches the folder meet its fate."""
        self._library.faults_arm(os.fsencode(folder), how, when, error, kinds)
        try:
            yield
        finally:
            self.n_calls = self._library.faults_disarm()
            self.fired = bool(self._library.faults_fired())
            self.last = self._library.faults_last().decode()

"""The log file: what went wrong, with the versions of everything near the head of each run."""

from __future__ import annotations

import faulthandler
import logging
import logging.handlers
import os
import platform
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import platformdirs

from phygui._version import __version__
from phygui.words import plain

LARGEST = 1_000_000
"""Bytes after which the log goes on in a new file."""
KEPT = 3
"""Older log files that are kept."""

_PACKAGES = ("numpy", "scipy", "numba", "h5py", "vispy", "psygnal")

log = logging.getLogger("phygui")


def log_path() -> Path:
    """The log file of this user."""
    return platformdirs.user_log_path("phygui", appauthor=False) / "phygui.log"


class PlainFormatter(logging.Formatter):
    """Each record is one line, whatever names are in it; a traceback is indented below it."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        copy = logging.makeLogRecord(record.__dict__)
        copy.msg, copy.args = plain(record.getMessage().rstrip("\n")), None
        copy.exc_text = None
        return super().format(copy)

    def formatException(self, ei: Any) -> str:
        """The traceback as text."""
        return "\n".join(f"  {plain(line)}" for line in super().formatException(ei).split("\n"))


class LogFile(logging.handlers.RotatingFileHandler):
    """A rotating log file into which native crashes are written as well."""

    def _open(self) -> TextIOWrapper:
        stream = super()._open()
        # Crashes of C code must reach the file that is open now.
        faulthandler.enable(file=stream)
        return stream

    def close(self) -> None:
        """Stop writing, native crashes included."""
        faulthandler.disable()
        super().close()


def start_log(*, debug: bool = False, path: Path | None = None) -> Path | None:
    """Write the log of this process into a file from now on.

    Parameters
    ----------
    debug : bool
        Write also what only a developer wants to know.
    path : Path, optional
        The file; by default that of this user.

    Returns
    -------
    Path or None
        The file; None where it cannot be written: the program runs without it.
    """
    path = path or log_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = LogFile(path, maxBytes=LARGEST, backupCount=KEPT, encoding="utf-8")
    except OSError as error:
        log.warning("%s cannot be written (%s): there is no log file", path, error.strerror)
        return None
    handler.setFormatter(
        PlainFormatter("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s")
    )
    handler.setLevel(logging.DEBUG if debug else logging.INFO)
    root = logging.getLogger()
    for other in root.handlers:
        # A terminal is told no more than before.
        other.setLevel(max(other.level, root.level))
    root.addHandler(handler)
    log.setLevel(logging.DEBUG if debug else logging.INFO)
    python = sys.version.split()[0]
    log.info("phygui %s starts with Python %s: %s", __version__, python, " ".join(sys.argv))
    return path


def log_versions() -> None:
    """Log what this program runs on; looking it up takes as long as opening a dataset."""
    for line in versions():
        log.info("%s", line)


def versions() -> list[str]:
    """What this program runs on: the system and the libraries."""
    from importlib import metadata

    lines = [
        f"Python {platform.python_version()} on {platform.platform()}, {os.cpu_count()} processors"
    ]
    for name in _PACKAGES:
        try:
            lines.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            lines.append(f"{name} is not installed")
    return lines

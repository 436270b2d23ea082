"""What is written stands in a folder beside its goal, and takes its place when it is whole."""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from phygui.storage.files import reason
from phygui.storage.state.durable import why_not_written
from phygui.storage.system import sync_file, sync_folder

_ABANDONED = 3600.0
"""Seconds after which a temporary folder is taken for that of an export that was killed."""


@contextmanager
def folder_beside(goal: Path) -> Iterator[Path]:
    """A folder of its own beside a goal; gone afterwards, with all that it holds."""
    stem = f".{goal.name[:100]}."
    for name in glob.glob(f"{glob.escape(stem)}*.tmp", root_dir=goal.parent):
        with contextlib.suppress(OSError):
            if time.time() - os.stat(goal.parent / name).st_mtime > _ABANDONED:
                shutil.rmtree(goal.parent / name, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=stem, suffix=".tmp", dir=goal.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def flush(path: Path) -> None:
    """Flush a file, or a folder with all that it holds, to the disk."""
    paths = [path]
    if path.is_dir():
        paths = [p for p in path.rglob("*") if not p.is_dir()]
        for folder in (path, *(p for p in path.rglob("*") if p.is_dir())):
            sync_folder(folder)
    for each in paths:
        sync_file(each)


def why_not_placed(goal: Path, error: BaseException) -> str:
    """Why something could not be written, in words."""
    if isinstance(error, MemoryError):
        return "there is not enough memory"
    # Libraries hide what the system said.
    with contextlib.suppress(OSError):
        if getattr(error, "errno", None) is None and not shutil.disk_usage(goal.parent).free:
            return "the disk is full"
    return why_not_written(error) or reason(error)

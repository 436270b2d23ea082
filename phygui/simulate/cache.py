"""The default demo dataset, built once in the user's cache folder, and copies to practise on."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from platformdirs import user_cache_path

from .build import make_demo
from .fill import Progress

_NAME = "demo"
_UNTOUCHED = "untouched.kwik"
"""A copy, beside the demo, that nobody saves to."""


def default_demo(progress: Progress | None = None) -> Path:
    """The ``.kwik`` of the default demo, built first if this version has not been built yet.

    It is built in a temporary folder that is renamed when it is whole, so that an interrupted
    build is never taken for a dataset. The folder's name carries a digest of the simulator, so
    that another simulator builds another demo; folders of others that were never saved to are
    removed.

    Raises
    ------
    OSError
        The cache folder cannot be written.
    """
    cache = user_cache_path("phygui") / "demo"
    folder = cache / _digest()
    kwik_path = folder / f"{_NAME}.kwik"
    if kwik_path.is_file():
        return kwik_path
    cache.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix="building-", dir=cache))
    try:
        make_demo(building, name=_NAME, progress=progress)
        shutil.copy2(building / f"{_NAME}.kwik", building / _UNTOUCHED)
        try:
            building.rename(folder)
        except OSError:
            if not kwik_path.is_file():  # not merely built by another process meanwhile
                raise
    finally:
        shutil.rmtree(building, ignore_errors=True)
    _remove_outdated(cache, folder)
    return kwik_path


def demo_in(folder: Path) -> Path:
    """The ``.kwik`` file of a demo in a folder, whether or not it is there."""
    return folder / f"{_NAME}.kwik"


def copy_demo(folder: Path, progress: Progress | None = None) -> Path:
    """Put the demo into a folder as it was built: what was saved to it is not in the copy.

    The large files, which nobody writes to, are shared where the disk allows it.

    Parameters
    ----------
    folder : Path
        Made if it is not there; the demo that is in it is replaced.
    progress : callable, optional
        As for :func:`default_demo`, which builds what is copied.

    Returns
    -------
    Path
        The ``.kwik`` file.

    Raises
    ------
    OSError
        The folder cannot be written.
    """
    source = default_demo(progress).parent
    folder.mkdir(parents=True, exist_ok=True)
    path = demo_in(folder)
    for file in (*source.glob("*.kwx"), *source.glob("*.dat")):
        target = folder / file.name
        target.unlink(missing_ok=True)
        try:
            os.link(file, target)
        except OSError:
            shutil.copy2(file, target)
    shutil.copy2(source / _UNTOUCHED, path)
    return path


def _digest() -> str:
    """A short digest of the simulator's source."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _remove_outdated(cache: Path, current: Path) -> None:
    for folder in cache.iterdir():
        curated = any(folder.glob("*.bak")) or any(folder.glob("*.phygui"))
        if folder != current and folder.is_dir() and not curated and _is_ours(folder.name):
            shutil.rmtree(folder, ignore_errors=True)


def _is_ours(name: str) -> bool:
    return len(name) == 12 and set(name) <= set("0123456789abcdef")

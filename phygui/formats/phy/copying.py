"""A copy of a folder that is whole without the raw data, which stays where it is."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from phygui.errors import DatasetError
from phygui.formats.phy.params import FILE
from phygui.formats.phy.raw import places_of
from phygui.formats.phy.sorting import Sorting


def copy_folder(sorting: Sorting, target: Path, edit: Callable[[Path], None]) -> None:
    """Copy a folder, edit the copy, and put it in its place.

    Raises
    ------
    OSError, DatasetError
        If that fails; nothing is at the target then that was not there.
    """
    if os.path.lexists(target):
        raise DatasetError(f"{target} exists already: a folder is not replaced by a copy.")
    places = [os.path.realpath(place) for place in places_of(sorting.folder, sorting.params)]
    raw = {os.path.basename(place) for place in places}

    def left_out(folder: str, names: list[str]) -> list[str]:
        """Raw data, what is kept for this folder alone, and folders: phy's cache is one."""
        paths = {name: os.path.join(folder, name) for name in names}
        return [
            name
            for name, path in paths.items()
            if name.startswith(".") or os.path.isdir(path) or os.path.realpath(path) in places
        ]

    made = Path(tempfile.mkdtemp(prefix=f".{target.name[:100]}.", dir=target.parent))
    try:
        inner = made / target.name
        shutil.copytree(sorting.folder, inner, ignore=left_out)
        if raw:
            _point_to(inner / FILE, places)
        edit(inner)
        os.rename(inner, target)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _point_to(path: Path, places: list[str]) -> None:
    """Have `params.py` name raw data that is elsewhere: the last assignment counts."""
    text = path.read_text(encoding="utf-8")
    value = repr(places[0]) if len(places) == 1 else repr(places)
    path.write_text(f"{text.rstrip()}\ndat_path = {value}\n", encoding="utf-8")

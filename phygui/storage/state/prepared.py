"""Where what was computed ahead of a session is kept, piece by piece.

Each piece is a file of its own that is written at once and never changed: any number of processes
may add some while others read. They are in the folder ``prepared`` of the state folder or, where
nothing may be written beside a dataset, in one of the folders that the user has named, there by a
fingerprint of the data: it does not matter under which path a dataset is seen.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from phygui.storage.state.state_files import make_folder, read_json, write_whole

log = logging.getLogger(__name__)

FOLDER = "prepared"
ENVIRONMENT = "PHYGUI_PREPARED"
"""Folders for all datasets, as in ``PATH``, beside those that the user's settings name."""
MOST_FOLDERS = 20
"""Folders that are remembered: those that were named last."""
MOST_PIECES = 256
"""Pieces of one kind and shank that are kept, by default: those that were written last."""


class PreparedPlaces:
    """Where pieces of one shank may be, and where new ones are written.

    Parameters
    ----------
    state : Path
        The state folder of the dataset.
    data : callable
        A fingerprint of the data, as text; only asked for where there are other folders.
    root : Path, optional
        The folder, one for many datasets, where new ones are written; by default beside the
        dataset.
    """

    def __init__(self, state: Path, data: Callable[[], str], root: Path | None = None) -> None:
        self._state = state
        self._data = data
        self._root = root

    @property
    def target(self) -> Path:
        """Where new pieces are written."""
        return self._state / FOLDER if self._root is None else self._root / self._data()

    def pieces(self, kind: str, suffix: str) -> list[Path]:
        """All pieces of a kind that there are, such as ``statistics-0``; those of others first."""
        return [piece for of in self.folders() for piece in _in(of, kind, suffix)]

    def folders(self) -> list[Path]:
        """All folders where there may be pieces, that beside the dataset last."""
        roots = folders_there() if self._root is None else [*folders_there(), self._root]
        # Where the data cannot be read, nothing is found by it.
        others = [root / self._data() for root in dict.fromkeys(roots) if self._data()]
        return [*others, self._state / FOLDER]

    def write(
        self, kind: str, suffix: str, name: str, data: bytes, most: int = MOST_PIECES
    ) -> Path:
        """Write a piece, and remove the oldest ones of its kind and shank beyond so many.

        Raises
        ------
        OSError
            If it cannot be written; then nothing is there.
        """
        folder = self.target
        make_folder(folder)
        path = folder / f"{kind}-{name}{suffix}"
        write_whole(path, data, lasts=False)
        for old in sorted(_in(folder, kind, suffix), key=_written)[:-most]:
            # One that another user wrote may have to stay.
            with contextlib.suppress(OSError):
                old.unlink()
        return path


def _in(folder: Path, kind: str, suffix: str) -> list[Path]:
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    return [folder / n for n in names if n.startswith(f"{kind}-") and n.endswith(suffix)]


def _written(path: Path) -> float:
    with contextlib.suppress(OSError):
        return path.stat().st_mtime
    return 0.0


# -- folders for many datasets ------------------------------------------------------------------


def known_folders() -> list[Path]:
    """The folders for many datasets: of the environment, and those that were named last."""
    told = os.environ.get(ENVIRONMENT, "").split(os.pathsep)
    return [Path(name) for name in dict.fromkeys([*filter(None, told), *_remembered()])]


def folders_there() -> list[Path]:
    """Those of them that are there: for others, the data need not be read."""
    return [folder for folder in known_folders() if folder.is_dir()]


def remember_folder(folder: Path) -> None:
    """Look for pieces in a folder from now on, in all sessions of this user."""
    names = _remembered()
    name = str(folder)
    if name in names[:1]:
        return
    names = [name, *(other for other in names if other != name)][:MOST_FOLDERS]
    path = _list_file()
    try:
        make_folder(path.parent)
        write_whole(path, json.dumps(names, indent=1).encode(), lasts=False)
    except OSError as error:
        log.warning("%s could not be written: %s", path, error)


def _list_file() -> Path:
    import platformdirs

    folder = platformdirs.user_config_dir("phygui", appauthor=False)
    return Path(os.path.realpath(folder)) / "prepared.json"


def _remembered() -> list[str]:
    try:
        told = read_json(_list_file())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (OSError, ValueError) as error:
        log.warning("%s is not used: %s", _list_file(), error)
        return []
    names: Iterable[object] = told if isinstance(told, list) else ()
    return [name for name in names if isinstance(name, str) and os.path.isabs(name)]

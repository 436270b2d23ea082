"""Opening a dataset by what the user names: a path, the demo, or a demo to practise on."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from phygui.curation.session import Session
from phygui.errors import DatasetError
from phygui.storage.state.lock import living_holder
from phygui.storage.state.state_folder import state_folder

DEMO = "demo"
PRACTICE = "first steps"


def open_session(
    what: object, *, making: Callable[[float], None] | None = None, **options: Any
) -> Session:
    """Open a session on a path, or on the demo, which is built the first time.

    What an earlier session has found out of the clusters is taken over at once.

    Parameters
    ----------
    what : path, "demo" or "first steps"
        The file. The last is a demo in which nobody has done anything yet.
    making : callable, optional
        Told how much of the demo is made, 0 to 1, while it is.
    **options
        As for :meth:`phygui.Session.open`.

    Raises
    ------
    DatasetError
        If the file cannot be opened.
    """
    if what == DEMO:
        from phygui.simulate import default_demo

        what = default_demo(making)
    elif what == PRACTICE:
        what = _practice(making)
    try:
        session = Session.open(Path(str(what)), **options)
    except OSError as error:
        raise DatasetError(f"{what}: {error.strerror or error}") from error
    try:
        session.statistics.recall()
    except BaseException:
        # Else nobody could open the file for writing until the program ends.
        session.close()
        raise
    return session


def is_practice(path: Path) -> bool:
    """Whether a dataset is the demo of the first steps."""
    return path.parent == _practice_folder()


def _practice_folder() -> Path:
    return user_cache_path("phygui") / PRACTICE


def _practice(making: Callable[[float], None] | None) -> Path:
    """The demo of the first steps; as it was built, unless a window is open on it."""
    from phygui.simulate import copy_demo, demo_in

    folder = _practice_folder()
    path = demo_in(folder)
    if path.is_file():
        states = state_folder(path)
        if living_holder(states) is not None:
            return path
        with contextlib.suppress(OSError):
            shutil.rmtree(folder)
            shutil.rmtree(states)
    return copy_demo(folder, making)

"""Opening a dataset by what the user names: a path, or the demo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from phygui.curation.session import Session
from phygui.errors import DatasetError

DEMO = "demo"


def open_session(what: object, **options: Any) -> Session:
    """Open a session on a path, or on the demo, which is built the first time.

    What an earlier session has found out of the clusters is taken over at once.

    Parameters
    ----------
    what : path or "demo"
        The file.
    **options
        As for :meth:`phygui.Session.open`.

    Raises
    ------
    DatasetError
        If the file cannot be opened.
    """
    if what == DEMO:
        from phygui.simulate import default_demo

        what = default_demo()
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

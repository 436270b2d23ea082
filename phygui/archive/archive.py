"""An archive: the datasets of a folder tree, what is known of each, and when that has changed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from phygui.archive.finding import Found, find
from phygui.archive.index import Index
from phygui.archive.overview import Overview, overview
from phygui.errors import DatasetError
from phygui.words import error_in_words

WRITE_EVERY = 50
"""Datasets that are read before the index is written in between."""


@dataclass(frozen=True)
class Session:
    """One row: a dataset, and what is known of it.

    Attributes
    ----------
    name : str
        Its place below the folder of the archive.
    overview : Overview or None
        None where nothing is known yet.
    is_current : bool
        Whether it was read since its files were written.
    """

    found: Found
    name: str
    overview: Overview | None
    is_current: bool

    @property
    def path(self) -> Path:
        """The file or folder."""
        return self.found.path

    @property
    def problem(self) -> str:
        """Why it cannot be read, in one sentence; empty if it can, or if that is not known."""
        return self.found.problem or ("" if self.overview is None else self.overview.problem)

    @property
    def date(self) -> str:
        """When it was recorded, or its oldest file was written: ``2026-11-29``."""
        if self.overview is not None and self.overview.recorded:
            return self.overview.recorded[:10]
        oldest = self.found.oldest
        return f"{datetime.fromtimestamp(oldest):%Y-%m-%d}" if oldest else ""

    @property
    def is_undecided(self) -> bool:
        """Whether it is known to have clusters that nobody has decided about."""
        return self.overview is not None and not self.problem and not self.overview.is_decided


class Archive:
    """The datasets in a folder and those below it; to be used by one thread at a time.

    Parameters
    ----------
    folder : path

    Raises
    ------
    DatasetError
        If there is no such folder, or it cannot be read.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder).expanduser().absolute()
        if not self.folder.is_dir():
            raise DatasetError(f"{self.folder} is not a folder.")
        self._index = Index(self.folder)
        self._found: list[Found] = []

    def scan(self, cancelled: Callable[[], bool] = lambda: False) -> list[Session]:
        """All datasets that are there now, with what is known of them; none is opened.

        Raises
        ------
        DatasetError
            If the folder cannot be read.
        """
        found = []
        for each in find(self.folder):
            if cancelled():
                return self.sessions()
            found.append(each)
        self._found = sorted(found, key=lambda each: str(each.path))
        self._index.look_for_folders()
        return self.sessions()

    def sessions(self) -> list[Session]:
        """The datasets of the last scan."""
        return [self._session(each) for each in self._found]

    def _session(self, found: Found) -> Session:
        known = self._index.get(found)
        name = os.path.relpath(found.path, self.folder)
        if known is not None or found.problem:
            return Session(found, name, known, True)
        return Session(found, name, self._index.last_known(found.path), False)

    def read_missing(self, cancelled: Callable[[], bool] = lambda: False) -> Iterator[Session]:
        """Read what is not known, or has changed, dataset by dataset; the index is kept."""
        n_read = 0
        try:
            for session in self.sessions():
                if cancelled():
                    return
                if not session.is_current:
                    self._index.put(session.found, read(session.path))
                    n_read += 1
                    if n_read % WRITE_EVERY == 0:
                        self.keep()
                    yield self._session(session.found)
        finally:
            self.keep()

    def keep(self) -> None:
        """Write the index, if anything in it is new."""
        self._index.write({each.path for each in self._found})


def read(path: Path) -> Overview:
    """The overview of a dataset; of what cannot be read, the sentence that says why."""
    try:
        return overview(path)
    except DatasetError as error:
        return Overview(problem=str(error))
    except Exception as error:
        # One file that its reader stumbles over is one row of many.
        return Overview(problem=f"{path} cannot be read ({error_in_words(error)}).")


def next_undecided(sessions: list[Session], after: Path | None) -> Session | None:
    """The next session of a list with something to decide, from its start again at its end.

    Those that somebody has open are passed over.

    Parameters
    ----------
    sessions : list of Session
        In the order in which they are shown.
    after : Path, optional
        The one to start behind, which is not the answer.
    """
    real = None if after is None else os.path.realpath(after)
    places = [i for i, each in enumerate(sessions) if each.found.real_path == real]
    start = places[0] + 1 if places else 0
    order = [*sessions[start:], *sessions[:start]]
    return next(
        (s for s in order if s.is_undecided and not s.found.holder and s.found.real_path != real),
        None,
    )

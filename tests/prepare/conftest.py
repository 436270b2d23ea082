"""An executor that does everything here and now, and fails as it is told to."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from phygui.prepare.tasks import Task
from tests.copies import copy_files


class Here:
    """Does pieces of work in this process.

    Parameters
    ----------
    fails : callable
        From a piece, and how often it was tried, to the error that its try ends with, or None.
    """

    n_jobs = 2
    looks_first = False

    def __init__(self, fails: Callable[[Task, int], Exception | None] = lambda _, __: None) -> None:
        self._fails = fails
        self.tried: list[Task] = []
        self.is_closed = False

    def submit(self, function: Callable[..., Any], *args: Any) -> Future[Any]:
        future: Future[Any] = Future()
        (task,) = args
        self.tried.append(task)
        error = self._fails(task, self.tried.count(task))
        try:
            if error is not None:
                raise error
            future.set_result(function(task))
        except Exception as raised:
            future.set_exception(raised)
        return future

    def close(self, *, now: bool = False) -> None:
        self.is_closed = True


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Three small datasets in a folder, and one that cannot be read."""
    folder = tmp_path / "archive"
    source = Path(__file__).parents[1] / "data"
    for name in ("one", "two", "three"):
        (folder / name).mkdir(parents=True)
        copy_files(source, folder / name, "simulated_small")
    (folder / "bad.kwik").write_bytes(b"\x89HDF\r\n\x1a\n")
    return folder

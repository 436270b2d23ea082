"""A page on an archive, written beside its name and renamed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from phygui.archive.page import page
from phygui.archive.totals import gather
from phygui.exports.placing import why_not_placed
from phygui.exports.spec import ExportError
from phygui.exports.work import Progress, Work
from phygui.storage.state.state_files import write_whole


def write_report(
    folder: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Path:
    """Write a page on an archive.

    Parameters
    ----------
    folder : path
        The archive.
    out : path
        The file, such as ``archive.html``.
    overwrite : bool
        Have a file that is there replaced.
    progress : callable, optional
        Called with the part that is done, in [0, 1], and what is done now.
    cancelled : callable, optional
        Whether it is not wanted any more.

    Returns
    -------
    Path
        Where it is.

    Raises
    ------
    DatasetError
        If the archive cannot be read, or the page not be written; nothing is left of it then.
    Cancelled
        If it was cancelled; nothing is left of it then.
    """
    goal = Path(out).expanduser().absolute()
    if not goal.parent.is_dir():
        raise ExportError(f"{goal} cannot be written: there is no folder {goal.parent}.")
    if os.path.lexists(goal) and (goal.is_dir() or not overwrite):
        raise ExportError(f"{goal} exists already.")
    work = Work(progress or (lambda _, __: None), cancelled or (lambda: False))
    totals = gather(folder, work)
    try:
        write_whole(goal, "".join(page(totals)).encode("utf-8", "backslashreplace"))
    except OSError as error:
        reason = why_not_placed(goal, error)
        raise ExportError(f"{goal} could not be written: {reason}.") from error
    work.progress(1.0, "done")
    return goal

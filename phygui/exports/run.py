"""Exporting: what is written stands beside the goal first, and takes its place as a whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from phygui.curation.session import Session
from phygui.errors import DatasetError
from phygui.exports.gather import Choice, take
from phygui.exports.placing import flush, folder_beside, why_not_placed
from phygui.exports.registry import find_export
from phygui.exports.spec import ExportError, ExportSpec
from phygui.exports.work import Progress, Work
from phygui.storage.state.fingerprint import FileStamp
from phygui.storage.system import sync_folder

Unsaved = Literal["include", "refuse"]
ExportJob = Callable[[Progress, Callable[[], bool]], Path]
"""Exports, in any thread: called with what is told of the progress, and what may cancel it."""

_SHARE = 0.6
"""Of the time of an export that metrics take, where they are needed, about."""


def export(
    session_or_path: Session | str | os.PathLike[str],
    to: str,
    out: str | os.PathLike[str],
    *,
    groups: Iterable[str] | str | None = None,
    clustering: str | None = None,
    channel_group: int | Literal["all"] = "all",
    unsaved: Unsaved = "include",
    options: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Path:
    """Write what was curated in a format of other programs.

    Parameters
    ----------
    session_or_path : Session or path
        A session as it is now; or a dataset, with what an earlier session did not save.
    to : str
        Name of the format, such as ``csv``: one of :func:`phygui.exports.exports`.
    out : path
        The file, or for some formats the folder, that is made.
    groups : iterable of str, or str, optional
        Names of the groups whose clusters are exported; by default all.
    clustering : str, optional
        By default the active one; in other shanks the one of its name, or the first.
    channel_group : int or ``"all"``
        The shank.
    unsaved : ``"include"`` or ``"refuse"``
        What is done where there are edits that are not saved.
    options : mapping, optional
        Options of the format.
    overwrite : bool
        Have a file that is there replaced.
    progress : callable, optional
        Called with the part that is done, in [0, 1], and what is done now.
    cancelled : callable, optional
        Whether the export is not wanted any more.

    Returns
    -------
    Path
        Where it is.

    Raises
    ------
    DatasetError
        If it cannot be made; nothing is left of it then.
    Cancelled
        If it was cancelled; nothing is left of it then.
    """
    chosen: dict[str, Any] = {
        "groups": groups,
        "clustering": clustering,
        "channel_group": channel_group,
        "unsaved": unsaved,
        "options": options,
        "overwrite": overwrite,
    }
    tell, stop = progress or (lambda _, __: None), cancelled or (lambda: False)
    if isinstance(session_or_path, Session):
        return export_job(session_or_path, to, out, **chosen)(tell, stop)
    # A name that is wrong is told before a large file is opened.
    find_export(to).read_options(options or {})
    session = Session.open(Path(session_or_path), read_only=True)
    try:
        session.journal.look()
        return export_job(session, to, out, **chosen)(tell, stop)
    finally:
        session.close()


def export_job(
    session: Session,
    to: str,
    out: str | os.PathLike[str],
    *,
    groups: Iterable[str] | str | None = None,
    clustering: str | None = None,
    channel_group: int | Literal["all"] = "all",
    unsaved: Unsaved = "include",
    options: Mapping[str, Any] | None = None,
    overwrite: bool = False,
) -> ExportJob:
    """The work of :func:`export` on a session as it is now, to be run by any thread.

    Raises
    ------
    ExportError
        If there is no such format or option, or something is in the way.
    """
    spec = find_export(to)
    given = spec.read_options(options or {})
    chosen = Choice(
        None if groups is None else (groups,) if isinstance(groups, str) else tuple(groups),
        clustering,
        None if channel_group == "all" else int(channel_group),
    )
    if spec.is_whole and chosen != Choice():
        raise ExportError(
            f"the format {spec.name} holds the whole dataset: groups, clustering and shank "
            "cannot be chosen."
        )
    chosen = replace(chosen, with_all_edited=spec.is_whole)
    goal = Path(out).expanduser().absolute()
    gathering = take(
        session,
        chosen,
        refuse_unsaved=unsaved == "refuse",
        needs_metrics=spec.takes_metrics(given),
    )

    def run(progress: Progress, cancelled: Callable[[], bool]) -> Path:
        work = Work(progress, cancelled)
        work.step(0.0, "reading")
        _check(spec, goal, session.path, overwrite)
        share = _SHARE if spec.takes_metrics(given) else 0.1
        with gathering(work.part(0.0, share)) as curation:

            def write(path: Path) -> None:
                spec.write(curation, path, given, work.part(share, 0.98))

            _place(spec, goal, write, work, overwrite)
        progress(1.0, "done")
        return goal

    return run


def _check(spec: ExportSpec, goal: Path, source: Path, overwrite: bool) -> None:
    """Make sure that something may be written at a place."""
    if os.path.realpath(goal) == os.path.realpath(source):
        raise ExportError(f"{goal} is the dataset itself: choose another place.")
    if not goal.name or not goal.parent.is_dir():
        raise ExportError(f"{goal} cannot be written: there is no folder {goal.parent}.")
    if os.path.lexists(goal):
        if goal.is_dir():
            raise ExportError(f"{goal} exists already, and is a folder: choose another name.")
        if not (overwrite or spec.appends):
            raise ExportError(f"{goal} exists already.")


def _place(
    spec: ExportSpec, goal: Path, write: Callable[[Path], None], work: Work, overwrite: bool
) -> None:
    """Write beside a goal, flush it to the disk, and have it at the goal at once.

    Nothing is left where that fails, or is cancelled.
    """
    temporary = ""
    try:
        before = FileStamp.of(goal) if os.path.lexists(goal) else None
        with folder_beside(goal) as folder:
            path = folder / goal.name
            temporary = str(path)
            if spec.appends and before is not None:
                shutil.copyfile(goal, path)
            write(path)
            work.step(1.0, "flushing")
            beside = [p for p in folder.iterdir() if p != path]
            for each in (path, *beside):
                flush(each)
            for name in (*(p.name for p in beside), *([] if before else [goal.name])):
                if not overwrite and os.path.lexists(goal.parent / name):
                    raise ExportError(f"{goal.parent / name} exists already.")
            if spec.appends and before is not None and FileStamp.of(goal) != before:
                raise ExportError(f"{goal} was changed by another program meanwhile.")
            for each in (*beside, path):
                os.replace(each, goal.parent / each.name)
        sync_folder(goal.parent)
    except DatasetError as error:
        # What a library of this program says names the place where it has written.
        if temporary and temporary in str(error):
            raise type(error)(str(error).replace(temporary, str(goal))) from error
        raise
    except (OSError, MemoryError, UnicodeError) as error:
        raise ExportError(f"{goal} could not be written: {why_not_placed(goal, error)}.") from error

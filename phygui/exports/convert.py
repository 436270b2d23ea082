"""A dataset of any format as a new Kwik dataset, for programs that read no other."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from phygui.curation.session import Session
from phygui.dataset.raw_files import RawChoice
from phygui.errors import DatasetError
from phygui.exports.gather import Choice, take
from phygui.exports.placing import flush, folder_beside, why_not_placed
from phygui.exports.run import Unsaved
from phygui.exports.spec import ExportError
from phygui.exports.work import Progress, Work
from phygui.formats.kwik.writing.converting import convert_to_kwik
from phygui.storage.state import locations
from phygui.storage.system import sync_folder

SUFFIX = ".kwik"


def convert(
    path: str | Path,
    out: str | os.PathLike[str],
    *,
    raw: RawChoice = "auto",
    features: bool = True,
    unsaved: Unsaved = "include",
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Path:
    """Write a dataset of any format as a new Kwik dataset, in klusta's own layout.

    Beside ``NAME.kwik`` it makes ``NAME.kwx`` with features and masks, and ``NAME.prm`` and
    ``NAME.prb``, which some readers look for. Spikes keep their order.

    Parameters
    ----------
    path : path
        The dataset.
    out : path
        The ``.kwik`` that is made; none of its files may be there already.
    raw : {"auto", "copy", "none"}
        Raw data is named where it is, if flat files hold nothing else, or else copied beside the
        ``.kwik``; or always copied; or left out.
    features : bool
        Whether the ``.kwx`` is made: it holds every feature of every spike on every channel of
        its shank, and is large for probes of many.
    unsaved : {"include", "refuse"}
        What is done where an earlier session left edits that are not saved.
    progress : callable, optional
        Called with the part that is done, in [0, 1], and what is done now.
    cancelled : callable, optional
        Whether it is not wanted any more.

    Returns
    -------
    Path
        The ``.kwik``.

    Raises
    ------
    DatasetError
        If it cannot be made; nothing is left of it then.
    Cancelled
        If it was cancelled; nothing is left of it then.
    """
    goal = Path(out).expanduser().absolute()
    work = Work(progress or (lambda _, __: None), cancelled or (lambda: False))
    _check(goal)
    session = Session.open(path, read_only=True)
    try:
        session.journal.look()
        gathering = take(session, Choice(), refuse_unsaved=unsaved == "refuse", needs_metrics=False)
        with gathering(work.part(0.0, 0.05)) as curation, _writing(goal) as folder:
            made, outside = convert_to_kwik(
                curation.dataset,
                folder,
                goal,
                edited=curation.edited,
                raw=raw,
                features=features,
                report=work.part(0.05, 0.95).step,
            )
            work.step(0.97, "flushing")
            for each in made:
                flush(each)
            work.step(0.99, "done")
            _place(made, goal)
    finally:
        session.close()
    if outside:
        # The user has said where it is: it need not be asked for again.
        with contextlib.suppress(OSError):
            locations.remember(goal, "traces", outside)
    return goal


def _check(goal: Path) -> None:
    if goal.suffix != SUFFIX or goal.name == SUFFIX:
        raise ExportError(f"{goal} is no name for a Kwik dataset, expected NAME{SUFFIX}.")
    if not goal.parent.is_dir():
        raise ExportError(f"{goal} cannot be written: there is no folder {goal.parent}.")
    for suffix in (SUFFIX, ".kwx", ".prm", ".prb"):
        _refuse(goal.with_name(goal.name.removesuffix(SUFFIX) + suffix))


def _refuse(path: Path) -> None:
    if os.path.lexists(path):
        raise ExportError(f"{path} exists already: choose another name.")


@contextmanager
def _writing(goal: Path) -> Iterator[Path]:
    try:
        with folder_beside(goal) as folder:
            yield folder
    except DatasetError:
        raise
    except (OSError, MemoryError) as error:
        raise ExportError(f"{goal} could not be written: {why_not_placed(goal, error)}.") from error


def _place(made: list[Path], goal: Path) -> None:
    """Put files where they belong, the `.kwik` last: before, there is no dataset."""
    placed: list[Path] = []
    for each in made:
        _refuse(goal.with_name(each.name))
    try:
        for each in made:
            os.rename(each, goal.with_name(each.name))
            placed.append(goal.with_name(each.name))
    except OSError:
        for path in placed:
            path.unlink(missing_ok=True)
        raise
    sync_folder(goal.parent)

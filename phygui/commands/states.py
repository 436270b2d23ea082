"""``phygui describe``, ``recover`` and ``restore``: what a dataset holds and is kept of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from phygui.commands.telling import fail, say
from phygui.words import counted

if TYPE_CHECKING:
    from phygui.curation.durability.writer import Saved
    from phygui.curation.session import Session


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def describe(file: Path) -> None:
    """Describe what FILE holds."""
    from phygui.dataset import DatasetError, open_dataset

    try:
        click.echo(open_dataset(file).describe())
    except DatasetError as error:
        fail(error)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--list", "only_list", is_flag=True, help="Only list what would be brought back.")
def recover(file: Path, only_list: bool) -> None:
    """Bring unsaved edits of a session that died back into FILE, and save it."""
    with _session(file) as session:
        edits = session.unsaved_edits
        for edit in edits:
            say(str(edit))
        if session.recovery_problem:
            say(session.recovery_problem, err=True)
        if not edits and session.journal.keeper.holder is not None:
            say(f"nothing to bring back: {session.read_only_reason}")
        elif not edits:
            say("there are no unsaved edits")
        elif not only_list:
            session.recover()
            for saved in session.save():
                say(f"saved {counted(saved.n_edits, 'edit')} to {saved.path}")
                _warn(saved)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("number", type=int, required=False)
@click.option(
    "--compare",
    type=int,
    nargs=2,
    metavar="A B",
    help="Show how state B differs from state A; 0 is the current state.",
)
def restore(file: Path, number: int | None, compare: tuple[int, int] | None) -> None:
    """List the saved states of FILE; with a NUMBER, bring that one back and save it."""
    from phygui.curation.durability.saved_states import bring_back, differences

    with _session(file) as session:
        backups = session.backups()
        states = [None, *backups]
        for n in (*(compare or ()), *((number,) if number is not None else ())):
            if not 0 <= n < len(states):
                fail(f"{file}: no saved state {n}; there are {len(backups)}")
        if compare is not None:
            for line in differences(session, *(states[n] for n in compare)):
                say(line)
        elif number:
            words = bring_back(session, backups[number - 1])
            for saved in session.save():
                say(f"{words}, and saved to {saved.path}")
                _warn(saved)
        else:
            for n, backup in enumerate(backups, 1):
                say(f"{n}: {backup}")
            if not backups:
                say("there are no saved states")


def _warn(saved: Saved) -> None:
    """What went wrong besides, as that no backup could be kept."""
    if saved.warning:
        say(f"phygui: {saved.warning}", err=True)


@contextmanager
def _session(file: Path) -> Iterator[Session]:
    """A session on a file; what goes wrong ends the program with one sentence."""
    from phygui.curation.edits.update import EditError
    from phygui.curation.open_session import open_session
    from phygui.errors import DatasetError

    try:
        with open_session(file) as session:
            yield session
    except (DatasetError, EditError) as error:
        fail(error)

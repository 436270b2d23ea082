"""How commands speak: lines, sentences that end the program, progress and Ctrl+C."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import click

USAGE = 2
"""Exit code when what the user named cannot be opened."""
INTERRUPTED = 130
"""Exit code after Ctrl+C, as shells have it."""


def say(line: object, *, err: bool = False) -> None:
    """Write one line; what names and files hold in it commands no terminal."""
    from phygui.words import plain

    click.echo(plain(line), err=err)


def fail(sentence: object) -> NoReturn:
    """End with one sentence on stderr."""
    say(f"phygui: {sentence}", err=True)
    sys.exit(USAGE)


@contextmanager
def told() -> Iterator[dict[str, Any]]:
    """Progress and Ctrl+C of long work on files; what goes wrong is said in one sentence."""
    from phygui.errors import Cancelled, DatasetError

    try:
        with _interruptible() as is_interrupted, _progress_line() as progress:
            yield {"progress": progress, "cancelled": is_interrupted}
    except Cancelled:
        say("phygui: cancelled, and nothing was written", err=True)
        sys.exit(INTERRUPTED)
    except DatasetError as error:
        fail(error)


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl+C was pressed; a second time it ends what does not ask."""
    pressed: list[int] = []
    default = signal.getsignal(signal.SIGINT)

    def press(number: int, _: object) -> None:
        pressed.append(number)
        signal.signal(signal.SIGINT, default)

    signal.signal(signal.SIGINT, press)
    try:
        yield lambda: bool(pressed)
    finally:
        signal.signal(signal.SIGINT, default)


@contextmanager
def _progress_line() -> Iterator[Callable[[float, str], None]]:
    """A line on stderr that tells how far something is; none where nobody would see it grow."""
    if not sys.stderr.isatty():
        yield lambda _, __: None
        return
    from phygui.words import plain

    bar: Any = click.progressbar(length=1000, file=sys.stderr, show_eta=True, item_show_func=plain)
    with bar:

        def tell(fraction: float, what: str) -> None:
            bar.update(round(1000 * fraction) - bar.pos, what)

        yield tell

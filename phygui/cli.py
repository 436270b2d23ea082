"""The commands ``phy-gui`` (the window) and ``phygui`` (datasets from the shell)."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from phygui._isolation import forget_current_folder

# Before anything is imported that is not Python's own.
forget_current_folder()

import click  # noqa: E402

from phygui._version import __version__  # noqa: E402
from phygui.commands.prepare import prepare  # noqa: E402
from phygui.gui.app.commands import doctor, install_desktop  # noqa: E402
from phygui.heap import keep_large_apart  # noqa: E402
from phygui.logs import PlainFormatter, start_log  # noqa: E402
from phygui.plugins.command import new_plugin  # noqa: E402

if TYPE_CHECKING:
    from phygui.curation.session import Session
    from phygui.gui.app.preload import Opening
    from phygui.gui.archive.window import ArchiveWindow
    from phygui.gui.window.main_window import MainWindow

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


def _no_display() -> bool:
    """Whether Qt would find no screen, and end the process without a word of use."""
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return False
    return not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _use_no_plugins(_: click.Context, __: click.Parameter, wanted: bool) -> None:
    if wanted:
        from phygui.plugins.switched import NO_PLUGINS

        # Processes that this one starts use none either.
        os.environ[NO_PLUGINS] = "1"


_NO_PLUGINS = click.option(
    "--no-plugins",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_use_no_plugins,
    help="Use nothing that others have added.",
)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--demo", is_flag=True, help="Open a simulated recording, built the first time.")
@click.option("--channel-group", type=int, metavar="N", help="The shank to start with.")
@click.option("--clustering", metavar="NAME", help="The clustering to start with (main).")
@click.option("--read-only", is_flag=True, help="Never write anything near the dataset.")
@click.option("--reset-layout", is_flag=True, help="Put every dock back in its place.")
@click.option(
    "--screenshot",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="PNG",
    help="Draw the window once, save it as a picture, and exit.",
)
@click.option("--software-opengl", is_flag=True, help="Draw without the graphics card.")
@click.option("--debug", is_flag=True, help="Write a longer log, and show where errors come from.")
@_NO_PLUGINS
@click.version_option(__version__, prog_name="phygui")
def gui(
    file: Path | None,
    demo: bool,
    channel_group: int | None,
    clustering: str | None,
    read_only: bool,
    reset_layout: bool,
    screenshot: Path | None,
    software_opengl: bool,
    debug: bool,
) -> None:
    """Curate the spike sorting in FILE by hand; without a file, show the start window.

    FILE is a .kwik file, a file or folder of another format that is installed, or a folder in
    which, or below which, datasets are: then it is listed.
    """
    forget_current_folder()
    keep_large_apart()
    # What a start makes stays: nothing is gained by looking for garbage in it again and again.
    gc.disable()
    # The window has worker threads of its own; those of OpenBLAS would wait for the same cores.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    terminal = logging.StreamHandler()
    terminal.setFormatter(PlainFormatter(logging.BASIC_FORMAT))
    logging.basicConfig(level=logging.DEBUG if debug else logging.WARNING, handlers=[terminal])
    logging.captureWarnings(True)
    start_log(debug=debug)
    if file is not None and demo:
        raise click.UsageError("give a file or --demo, not both")
    if screenshot is not None and file is None and not demo:
        raise click.UsageError("--screenshot needs a file or --demo")
    what: Any = "demo" if demo else file
    archive = _archive(file)
    if archive is not None and (read_only or clustering or channel_group is not None):
        raise click.UsageError(f"{archive} holds several datasets: these options are for one")
    opening = None
    if what is not None and archive is None:
        options = {
            "channel_group": channel_group,
            "clustering": clustering,
            "read_only": read_only,
        }
        # numpy and h5py are loaded here, Qt beside what the thread does.
        from phygui.gui.app.preload import Opening

        opening = Opening(what, **options)
        if isinstance(what, Path) and not os.path.exists(what):
            _result(opening, debug)
    if _no_display():
        if opening is not None:
            _result(opening, debug)
        fail("no display: start it on a desktop, or under xvfb-run")

    # Qt and OpenGL take longer to import than most files to open: both at once.
    from phygui.gui.app.app import Application

    session = None if opening is None else _result(opening, debug)
    from phygui.gui.base import opengl

    if software_opengl:
        opengl.use_software()
    application = Application()
    if opengl.must_start_anew():
        if session is not None:
            session.close()
        opengl.start_anew()
    window: MainWindow | ArchiveWindow
    if session is not None:
        window = application.show_session(session, reset_layout=reset_layout)
    elif archive is not None:
        window = application.show_archive(archive)
    else:
        application.show_start()
        sys.exit(application.run())
    if screenshot is not None:
        sys.exit(application.take_screenshot(window, screenshot))
    sys.exit(application.run())


def _archive(file: Path | None) -> Path | None:
    """The folder, where it is none of a dataset itself and holds some."""
    if file is None or not os.path.isdir(file):
        return None
    from phygui.archive import holds_datasets

    return file.expanduser().absolute() if holds_datasets(file) else None


def _result(opening: Opening, debug: bool) -> Session:
    """The session, or the end of the program with one sentence."""
    from phygui.errors import DatasetError

    try:
        return opening.result()
    except DatasetError as error:
        if debug:
            logging.getLogger(__name__).exception("not opened")
        fail(error)


def _say_warning(message: Warning | str, *_: object, **__: object) -> None:
    say(f"phygui: {message}", err=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@_NO_PLUGINS
@click.version_option(__version__, prog_name="phygui")
def main() -> None:
    """Look at and manage datasets from the shell, and export what was curated.

    `phy-gui` opens the window.
    """
    forget_current_folder()
    click.get_current_context().with_resource(warnings.catch_warnings())
    warnings.showwarning = _say_warning


for command in (prepare, new_plugin, doctor, install_desktop):
    main.add_command(command)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
def describe(file: Path) -> None:
    """Describe what FILE holds."""
    from phygui.dataset import DatasetError, open_dataset

    try:
        click.echo(open_dataset(file).describe())
    except DatasetError as error:
        fail(error)


@main.command()
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
        if not edits:
            say("there are no unsaved edits")
        elif not only_list:
            session.recover()
            for saved in session.save():
                say(f"saved {saved.n_edits} edits to {saved.path}")


@main.command()
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
        else:
            for n, backup in enumerate(backups, 1):
                say(f"{n}: {backup}")
            if not backups:
                say("there are no saved states")


def _list_formats(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    """What --formats does, whatever else is given."""
    if not wanted or context.resilient_parsing:
        return
    from phygui.exports import exports

    for spec in exports():
        say(f"{spec.name}: {spec.help}")
        for option in spec.options:
            value = "yes" if option.kind == "bool" else option.kind.upper()
            say(f"    --option {option.name}={value}: {option.help}")
    context.exit()


_UNSAVED = click.option(
    "--unsaved",
    type=click.Choice(["include", "refuse"]),
    default="include",
    show_default=True,
    help="What is done where there are edits that are not saved.",
)


def _what_is_exported(command: Callable[..., None]) -> Callable[..., None]:
    """The arguments and options that all exports have."""
    file = click.Path(path_type=Path)
    decorators = [
        click.argument("file", type=file),
        click.argument("out", type=file),
        click.option("--groups", metavar="NAMES", help="Clusters of these groups only: good,mua."),
        click.option("--clustering", metavar="NAME", help="The clustering (main)."),
        click.option("--channel-group", default="all", metavar="N", help="The shank, or all."),
        click.option(
            "--option",
            "given",
            multiple=True,
            metavar="NAME=VALUE",
            help="An option of the format; more than once for several.",
        ),
        _UNSAVED,
        click.option("--overwrite", is_flag=True, help="Replace a file that is there."),
    ]
    for decorate in reversed(decorators):
        command = decorate(command)
    return command


@main.command()
@click.option("--to", required=True, metavar="FORMAT", help="The format; --formats lists them.")
@_what_is_exported
@click.option("--spikes", is_flag=True, help="Short for --option spikes=yes.")
@click.option(
    "--formats",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_formats,
    help="List the formats and their options, and exit.",
)
def export(to: str, given: tuple[str, ...], spikes: bool, **what: Any) -> None:
    """Write what was curated in FILE to OUT, in a format of other programs."""
    _export(to, given=(*given, *(["spikes=yes"] if spikes else [])), **what)


@main.command()
@_what_is_exported
@click.option("--archive", is_flag=True, help="FILE is a folder of datasets: report on them all.")
def report(archive: bool, **what: Any) -> None:
    """Write a report on what was curated in FILE to OUT.html: short for export --to report."""
    if not archive:
        _export("report", **what)
        return
    if what["channel_group"] != "all" or any(what[n] for n in ("groups", "clustering", "given")):
        raise click.UsageError("--archive reports on all clusters: only --overwrite goes with it")
    from phygui.archive.report import write_report

    with _told() as telling:
        place = write_report(what["file"], what["out"], overwrite=what["overwrite"], **telling)
    say(f"written to {place}")


def _export(
    to: str,
    file: Path,
    out: Path,
    groups: str | None,
    channel_group: str,
    given: tuple[str, ...],
    **rest: Any,
) -> None:
    from phygui.exports import export as export_file

    options = dict(text.partition("=")[::2] for text in given)
    if not all("=" in text for text in given):
        raise click.UsageError("an option of a format is written NAME=VALUE")
    if channel_group != "all" and not channel_group.isdecimal():
        raise click.UsageError(f"--channel-group is a number or 'all', not {channel_group!r}")
    names = None if groups is None else [name.strip() for name in groups.split(",")]
    with _told() as telling:
        place = export_file(
            file,
            to,
            out,
            groups=names,
            channel_group="all" if channel_group == "all" else int(channel_group),
            options=options,
            **telling,
            **rest,
        )
    say(f"written to {place}")


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--raw",
    type=click.Choice(["auto", "copy", "none"]),
    default="auto",
    show_default=True,
    help="Raw data: named where flat files hold it, else copied; always copied; left out.",
)
@click.option("--no-features", is_flag=True, help="Leave features and masks out.")
@_UNSAVED
def convert(file: Path, out: Path, raw: Any, no_features: bool, unsaved: Any) -> None:
    """Write what FILE, or a folder, holds as a new Kwik dataset OUT.kwik, for klusta's readers."""
    from phygui.exports.convert import convert as convert_file

    with _told() as telling:
        place = convert_file(
            file, out, raw=raw, features=not no_features, unsaved=unsaved, **telling
        )
    say(f"written to {place}")


@contextmanager
def _told() -> Iterator[dict[str, Any]]:
    """Progress and Ctrl+C of long work on files; what goes wrong is said in one sentence."""
    from phygui.errors import DatasetError
    from phygui.exports import Cancelled

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

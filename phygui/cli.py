"""The commands ``phy-gui`` (the window) and ``phygui`` (datasets from the shell)."""

from __future__ import annotations

import gc
import logging
import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from phygui._isolation import forget_current_folder

# Before anything is imported that is not Python's own.
forget_current_folder()

import click  # noqa: E402

from phygui._version import __version__  # noqa: E402
from phygui.commands.exporting import convert, export, report  # noqa: E402
from phygui.commands.prepare import prepare  # noqa: E402
from phygui.commands.states import describe, recover, restore  # noqa: E402
from phygui.commands.telling import fail, say  # noqa: E402
from phygui.gui.app.commands import doctor, install_desktop  # noqa: E402
from phygui.heap import keep_large_apart  # noqa: E402
from phygui.logs import PlainFormatter, start_log  # noqa: E402
from phygui.plugins.command import new_plugin  # noqa: E402

if TYPE_CHECKING:
    from phygui.curation.session import Session
    from phygui.gui.app.preload import Opening
    from phygui.gui.archive.window import ArchiveWindow
    from phygui.gui.window.main_window import MainWindow


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
    from phygui.gui.app import binding

    if told := binding.problem():
        fail(told)

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


for command in (
    describe,
    recover,
    restore,
    export,
    report,
    convert,
    prepare,
    new_plugin,
    doctor,
    install_desktop,
):
    main.add_command(command)

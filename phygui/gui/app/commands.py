"""Commands about this installation: ``phygui doctor`` and ``phygui install-desktop``."""

from __future__ import annotations

import sys

import click


@click.command()
def doctor() -> None:
    """Tell what this installation is and whether it works, in one block for a report."""
    from phygui.gui.app.doctor import report
    from phygui.words import plain

    for line in report():
        click.echo(plain(line))


@click.command(name="install-desktop")
@click.option("--remove", is_flag=True, help="Remove what was installed.")
def install_desktop(remove: bool) -> None:
    """Put phygui into the menus of a Linux desktop, and have datasets open in it.

    It is for this user alone, and writes into the user's folder of data (~/.local/share).
    """
    from phygui.gui.app import desktop

    try:
        paths = desktop.remove() if remove else desktop.install()
    except desktop.DesktopError as error:
        click.echo(f"phygui: {error}.", err=True)
        sys.exit(2)
    for path in paths:
        click.echo(f"{'removed' if remove else 'written'}: {path}")

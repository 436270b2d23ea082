"""The command ``phygui new-plugin``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from phygui.plugins.discovery import plugin_folder
from phygui.plugins.skeletons import SKELETONS, SkeletonError, write_skeleton


@click.command(name="new-plugin")
@click.argument("kind", type=click.Choice(SKELETONS))
@click.argument("name")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Where; by default your plugin folder, whose files the program loads.",
)
def new_plugin(kind: str, name: str, folder: Path | None) -> None:
    """Write a plugin NAME.py that works, with comments, and its test.

    KIND is what it adds: a metric, a view, a ranking, an action or an export.
    """
    place = plugin_folder() if folder is None else folder
    try:
        paths = write_skeleton(kind, name, place)
    except SkeletonError as error:
        click.echo(f"phygui: {error}", err=True)
        sys.exit(2)
    for path in paths:
        click.echo(f"written to {path}")
    click.echo(f"try it with: python -m pytest {paths[1]}")
    if folder is not None and folder.resolve() != plugin_folder().resolve():
        click.echo(f"the program loads it from {plugin_folder()}, or from an installed package")

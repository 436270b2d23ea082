"""``phygui export``, ``report`` and ``convert``: what leaves in the formats of others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from phygui.commands.telling import say, told


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


@click.command()
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


@click.command()
@_what_is_exported
@click.option("--archive", is_flag=True, help="FILE is a folder of datasets: report on them all.")
def report(archive: bool, **what: Any) -> None:
    """Write a report on what was curated in FILE to OUT.html: short for export --to report."""
    if not archive:
        _export("report", **what)
        return
    of_one = ("groups", "clustering", "channel_group", "given", "unsaved")
    source_of = click.get_current_context().get_parameter_source
    if any(source_of(name) != ParameterSource.DEFAULT for name in of_one):
        raise click.UsageError("--archive reports on all clusters: only --overwrite goes with it")
    from phygui.archive.report import write_report

    with told() as telling:
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
    with told() as telling:
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


@click.command()
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

    with told() as telling:
        place = convert_file(
            file, out, raw=raw, features=not no_features, unsaved=unsaved, **telling
        )
    say(f"written to {place}")

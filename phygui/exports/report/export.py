"""Writing a report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from phygui.exports.curation import Curation
from phygui.exports.report.page import page
from phygui.exports.spec import ExportError, ExportOption, ExportSpec
from phygui.exports.work import Work
from phygui.words import no_such


def write(curation: Curation, path: Path, options: Mapping[str, Any], work: Work) -> None:
    """Write a report on a curation.

    Raises
    ------
    ExportError
        If there is no shank, or figures of a group are asked for that there is not.
    """
    if not curation.shanks:
        raise ExportError(f"{curation.path} has no shank to report on.")
    drawn = [name.strip() for name in options["figures"].split(",") if name.strip()]
    names = dict.fromkeys(name for shank in curation.shanks for name in shank.group_names.values())
    for name in drawn:
        if name.casefold() not in {known.casefold() for known in names}:
            raise ExportError(f"{no_such('cluster group', repr(name), names)}.")
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        for piece in page(curation, drawn, options["title"], work):
            file.write(piece)


EXPORT = ExportSpec(
    "report",
    "Report",
    ".html",
    "One HTML page to read, print and keep: what was done, a table of the clusters, figures of the "
    "good ones.",
    write,
    (
        ExportOption(
            "figures",
            "Figures of",
            "Groups whose clusters have figures, with commas.",
            "str",
            "good",
        ),
        ExportOption("title", "Heading", "By default the name of the dataset.", "str", ""),
    ),
)

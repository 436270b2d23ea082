"""The page on quality metrics tells of each metric, under its name, and what it is from."""

from __future__ import annotations

import re
from pathlib import Path

from phygui.analysis.metrics import FAMILIES, metrics

PAGE = (Path(__file__).parents[3] / "docs" / "quality-metrics.md").read_text("utf-8")


def rows() -> dict[str, list[str]]:
    """Cells of the first table, by the names in its first column."""
    table = PAGE[PAGE.index("| metric | heading") :].partition("\n\n")[0]
    cells = [[c.strip() for c in line.split("|")[1:-1]] for line in table.splitlines()[2:]]
    return {first.strip("`"): rest for first, *rest in cells}


def test_each_metric_has_a_row_with_its_heading() -> None:
    assert {name: rest[0].strip("`") for name, rest in rows().items()} == {
        spec.name: spec.title for spec in metrics()
    }


def test_what_is_good_is_said_in_the_table() -> None:
    good = {"low": "lower", "high": "higher", "near": "higher", "": ""}
    for spec in metrics():
        said = rows()[spec.name][2].partition(" ")[0].strip(";,")
        assert good[said] == spec.better, spec.name


def test_each_source_is_cited() -> None:
    text = re.sub(r"\s+", " ", PAGE.replace("*", ""))
    for spec in metrics():
        for source in re.split(r"(?<=\d\.) ", spec.source):
            assert source in text, spec.name


def test_names_headings_and_labels_are_those_of_one_metric_each() -> None:
    specs = metrics()
    for names in ("name", "title", "label"):
        assert len({getattr(spec, names).lower() for spec in specs}) == len(specs)
    assert all(spec.help and spec.family in FAMILIES for spec in specs)

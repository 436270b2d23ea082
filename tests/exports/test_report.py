"""The report: what it says, that it needs nothing else, and what a browser makes of it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from phygui import Session
from phygui.exports import ExportError, export
from phygui.exports.report.svg import number, ticks
from phygui.simulate import make_demo
from tests.formats.phy import folders

EVIL = '</td><script src="http://x/">alert(1)</script>&amp;\x00\x1b\u202e'
VOID = {"meta", "br", "link", "img", "input"}


class Page(HTMLParser):
    """The texts of a page by their places, all attributes, and whether tags are closed."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.rows: list[list[str]] = []
        self.headings: list[str] = []
        self.text = text
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag in ("h1", "h2", "h3"):
            self.headings.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "td" in self.open or "th" in self.open:
            self.rows[-1][-1] += data
        elif {"h1", "h2", "h3"} & set(self.open):
            self.headings[-1] += data


@pytest.fixture
def page(curated: Session, tmp_path: Path) -> Page:
    curated.label([3], "note", EVIL)
    return Page(export(curated, "report", tmp_path / "x.html").read_text())


def test_it_needs_no_other_file_and_runs_nothing(page: Page) -> None:
    assert not re.search(r"url\(|@import|<script|<link|<img|<iframe|<object", page.text)
    assert not [value for _, _, value in page.attributes if "//" in value]
    forbidden = {"src", "href", "xlink:href", "data", "srcset", "background", "action"}
    assert not [a for a in page.attributes if a[1] in forbidden or a[1].startswith("on")]
    assert ("meta", "content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes
    assert all(c.isprintable() or c == "\n" for c in page.text)


def test_figures_are_well_formed(page: Page) -> None:
    figures = re.findall(r"<svg.*?</svg>", page.text, re.DOTALL)
    # Three good units.
    assert len(figures) == 4 + 3 * 4
    for text in figures:
        figure = ElementTree.fromstring(text)
        assert figure.find("title") is not None
        assert "nan" not in text
        assert "inf" not in text
    units = re.findall(r"<article.*?</article>", page.text, re.DOTALL)
    assert [unit.count("<svg") for unit in units] == [4, 4, 4]


def test_what_it_says(page: Page, curated: Session) -> None:
    assert page.headings[0] == f"Curated clusters of {curated.path.name}"
    assert [h.strip() for h in page.headings if h.startswith("Cluster ")] == [
        f"Cluster {c} good" for c in (3, 4, 16)
    ]
    heads = next(row for row in page.rows if row[0] == "id")
    table = [row for row in page.rows if len(row) == len(heads) and row[0].isdecimal()]
    assert [int(row[0]) for row in table] == curated.cluster_ids.tolist()
    columns = {head.strip(): [row[i] for row in table] for i, head in enumerate(heads)}
    assert columns["group"] == list(curated.cluster_groups.values())
    counts = [f"{len(of):,}" for of in curated.spikes_per_cluster.values()]
    assert columns["spikes"] == counts
    curated.learn_all()
    snr = [curated.metrics[c]["snr"] for c in curated.cluster_ids.tolist()]
    assert columns["SNR"] == [number(of.value if of.is_defined else None) for of in snr]
    regions = dict(zip(columns["id"], columns["region"], strict=True))
    assert {c for c, text in regions.items() if text == "CA1, left"} == {"3", "5"}
    # What labels hold is shown as it is; what cannot be printed, by its escape.
    shown = EVIL.replace("\x00", "\\x00").replace("\x1b", "\\x1b").replace("\u202e", "\\u202e")
    assert shown in columns["note"]
    edits = [row[-1] for row in page.rows if len(row) == 3][1:]
    assert edits[:-1] == [edit.description for edit in curated.history[:-1]]
    for text in (str(curated.path), "phygui 0", "Edits that were not saved", "numpy"):
        assert text in page.text


def test_units_of_other_groups_and_a_heading(curated: Session, tmp_path: Path) -> None:
    options = {"figures": "mua, Noise", "title": "Rat <7>"}
    page = Page(export(curated, "report", tmp_path / "x.html", options=options).read_text())
    assert page.headings[0] == "Rat <7>"
    assert page.text.count("<article") == 1
    with pytest.raises(ExportError, match="cluster group 'god'"):
        export(curated, "report", tmp_path / "y.html", options={"figures": "god"})


def test_shanks_without_raw_data_and_gaps(tmp_path: Path) -> None:
    demo = make_demo(
        tmp_path,
        n_spikes=9_000,
        n_clusters=8,
        n_channels=4,
        n_channel_groups=2,
        n_recordings=2,
        duration=30.0,
        raw=None,
    )
    with Session.open(demo.kwik_path, journal=False) as session:
        ids = [int(c) for c in session.cluster_ids]
        session.move(ids, "good")
        page = Page(export(session, "report", tmp_path / "x.html").read_text())
        session.undo()
    units = re.findall(r"<article.*?</article>", page.text, re.DOTALL)
    assert len(units) == len(ids)
    assert "Shank 0, cluster" in page.text
    assert units[0].count("no raw data, and no template") == 2
    # However many spikes there are, two hundred units are a few megabytes.
    assert max(map(len, units)) < 20_000


def test_templates_stand_in_for_raw_data(tmp_path: Path) -> None:
    made = folders.make(tmp_path)
    for raw in made.path.glob("*.dat"):
        raw.unlink()
    with Session.open(made.path, journal=False) as session:
        session.move([0], "good")
        page = Page(export(session, "report", tmp_path / "x.html").read_text())
        session.undo()
    assert "<title>Template of cluster 0 on the probe</title>" in page.text
    assert "template of the sorter" in page.text


def test_nothing_to_report_on(curated: Session, tmp_path: Path) -> None:
    page = Page(export(curated, "report", tmp_path / "x.html", groups=["noise"]).read_text())
    assert "0 clusters of 0 spikes" in page.text
    assert "No cluster is in the group good" in page.text


def test_numbers_and_ticks() -> None:
    assert [number(v) for v in (1234567.0, 0.12345, 1234.5, 2e-5, np.nan, None, 0.0)] == [
        "1,234,567", "0.123", "1,234", "2.0e-05", "–", "–", "0",
    ]  # fmt: skip
    assert ticks(0, 1) == [0, 0.5, 1]
    assert ticks(-25, 25) == [-20, 0, 20]
    assert ticks(1, 1) == []
    assert ticks(0, np.inf) == []


@pytest.mark.slow
def test_a_browser_shows_and_prints_it(curated: Session, tmp_path: Path) -> None:
    path = export(curated, "report", tmp_path / "x.html")
    pdf = tmp_path / "x.pdf"
    command = [sys.executable, "-m", "tests.exports.browser", str(path), str(pdf)]
    found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    assert found["asked"] == [path.as_uri()]
    assert found["title"] == f"Curated clusters of {curated.path.name}"
    assert found["rows"] == curated.n_clusters
    assert found["units"] == [f"Cluster {c} good" for c in (3, 4, 16)]
    assert found["edits"] == [edit.description for edit in curated.history]
    assert found["figures"] == 16
    assert found["empty"] == 0
    assert found["outside"] == []
    assert found["width"] == 0
    n_pages = len(re.findall(rb"/Type\s*/Page\b", pdf.read_bytes()))
    assert 2 <= n_pages <= 4

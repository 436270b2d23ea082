"""The report on an archive: what it counts, and how far curators agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from phygui import DatasetError, Session
from phygui.archive.archive import Archive
from phygui.archive.curators import Agreed, agreed, agreements
from phygui.archive.page import page
from phygui.archive.report import write_report
from phygui.archive.totals import gather
from phygui.cli import gui, main
from phygui.dataset import ClusteringState
from phygui.exports import Cancelled, Work
from tests.exports.test_report import EVIL, Page

Make = Callable[..., Path]


def state(clusters: list[int], groups: dict[int, int]) -> ClusteringState:
    return ClusteringState(np.array(clusters, np.int32), groups, {})


def test_agreement_of_two_clusterings() -> None:
    a = state([0] * 10 + [1] * 10 + [2] * 10 + [3] * 2, {0: 2, 1: 2, 2: 0, 3: 3})
    # The first is the same, the second is in two halves, the third has lost two spikes.
    b = state([5] * 10 + [6] * 5 + [7] * 5 + [2] * 8 + [8] * 4, {5: 2, 6: 2, 7: 1, 2: 1, 8: 3})
    found = agreed(("main", "second"), a, b)
    assert (found.n_clusters, found.n_good) == ((4, 5), (2, 2))
    # Half of a cluster is not it, nor is what has as many others again.
    assert (found.n_same, found.n_both_good) == (2, 1)
    assert found.groups == {("good", "good"): 1, ("noise", "mua"): 1}
    assert (found.n_decided, found.n_same_group) == (2, 1)
    assert found.kappa == pytest.approx((0.5 - 0.25) / 0.75)
    assert (found + found).n_same == 4


def test_kappa() -> None:
    def kappa(groups: dict[tuple[str, str], int]) -> float | None:
        return Agreed(("a", "b"), (0, 0), (0, 0), 0, 0, Counter(groups)).kappa

    assert kappa({}) is None
    assert kappa({("good", "good"): 5}) is None
    assert kappa({("good", "good"): 5, ("mua", "mua"): 5}) == 1
    # Cohen's own definition, by hand: 20 and 15 of 50 alike, 0.5 by chance.
    table = {("y", "y"): 20, ("y", "n"): 5, ("n", "y"): 10, ("n", "n"): 15}
    assert kappa(table) == pytest.approx(0.4)


@pytest.fixture
def curated(archive_of: Make) -> Path:
    """An archive of three: one curated twice, one once, and one that cannot be read."""
    folder = archive_of(2, (2, 2, 1))
    with Session.open(folder / "mouse00" / "session000.kwik") as session:
        session.copy_clustering("second")
        session.move([session.cluster_ids[0], session.cluster_ids[1]], "noise")
        session.save()
    (folder / "mouse00" / "odd.kwik").write_bytes(b"nothing")
    return folder


def test_what_a_report_counts(curated: Path) -> None:
    totals = gather(curated, Work())
    assert [s.path.stem for s in totals.unread] == ["odd"]
    assert len(totals.sessions) == 2
    of = [s.overview for s in totals.sessions if s.overview is not None]
    assert totals.groups == Counter(of[0].groups) + Counter(of[1].groups)
    ((_, person),) = totals.people.items()
    assert (person.n_saves, person.n_edits) == (1, 1)
    assert person.sessions == {"mouse00/session000.kwik"}
    ((session, found),) = totals.agreed
    assert session.path.stem == "session000"
    n = of[0].n_clusters
    assert (found.n_same, found.n_decided, found.n_same_group) == (n, n, n - 2)
    assert abs(found.n_good[0] - found.n_good[1]) in (1, 2)
    assert agreements(totals.sessions[1].path) == []


def test_the_page_is_whole_and_says_it(curated: Path, tmp_path: Path) -> None:
    evil = curated / "mouse00" / "a&b <i>.kwik"
    evil.write_bytes(EVIL.encode())
    done = CliRunner().invoke(main, ["report", "--archive", str(curated), str(tmp_path / "x.html")])
    assert done.exit_code == 0, done.output
    assert done.output == f"written to {tmp_path / 'x.html'}\n"
    shown = Page((tmp_path / "x.html").read_text("utf-8"))
    assert shown.headings[:2] == ["Archive archive", "Summary"]
    assert "Units by session" in shown.headings
    rows = {row[0]: row[1:] for row in shown.rows if len(row) > 1}
    n = Archive(curated).scan()[2].overview
    assert n is not None
    units = next(r for r in shown.rows if r[0] == "mouse00/session000.kwik" and len(r) > 9)
    assert units[3] == str(n.n_clusters)
    assert any("main, second" in row for row in shown.rows)
    assert "<i>.kwik" in "".join(rows)
    # Nothing of it is taken for markup, and nothing is loaded.
    assert "<i>" not in shown.text.replace("&lt;i&gt;", "")
    assert not [value for _, name, value in shown.attributes if name in ("src", "href")]


def test_a_report_that_cannot_be_written(curated: Path, tmp_path: Path) -> None:
    out = tmp_path / "there.html"
    out.write_text("mine")
    with pytest.raises(DatasetError, match="exists already"):
        write_report(curated, out)
    with pytest.raises(DatasetError, match="there is no folder"):
        write_report(curated, tmp_path / "no" / "x.html")
    with pytest.raises(DatasetError, match="is not a folder"):
        write_report(tmp_path / "absent", tmp_path / "x.html")
    with pytest.raises(Cancelled):
        write_report(curated, tmp_path / "x.html", cancelled=lambda: True)
    assert out.read_text() == "mine"
    assert not (tmp_path / "x.html").exists()


def test_what_makes_no_sense_of_an_archive_is_refused(curated: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "x.html")
    for more in (
        ["--groups", "good"],
        ["--channel-group", "1"],
        ["--option", "title=x"],
        ["--unsaved", "refuse"],
    ):
        done = CliRunner().invoke(main, ["report", "--archive", str(curated), out, *more])
        assert (done.exit_code, "only --overwrite goes with it" in done.output) == (2, True)
    done = CliRunner().invoke(gui, [str(curated), "--read-only"])
    assert (done.exit_code, "holds several datasets" in done.output) == (2, True)
    assert not Path(out).exists()


def test_an_empty_archive_has_a_page_as_well(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    shown = Page("".join(page(gather(tmp_path / "empty", Work()))))
    assert "0 sessions" in shown.text
    assert "No session has two clusterings" in shown.text

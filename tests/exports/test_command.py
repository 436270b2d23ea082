"""The commands that export."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from phygui import Session
from phygui.exports import Curation, ExportSpec, Work, run


def say(*words: object) -> Result:
    """Run a command in this process; where it forbids itself to import from, tests may later."""
    paths = list(sys.path)
    try:
        from phygui.cli import main

        return CliRunner().invoke(main, [str(word) for word in words])
    finally:
        sys.path[:] = paths


def test_it_writes_what_is_asked_for(small: Path, tmp_path: Path) -> None:
    with Session.open(small) as session:
        session.move([3, 4], "good")
        session.save()
    out = tmp_path / "x.csv"
    asked = ["--to", "csv", out, "--groups", "good, mua", "--channel-group", 0, "--spikes"]
    done = say("export", small, *asked, "--clustering", "main", "--unsaved", "refuse")
    assert done.exit_code == 0, done.output
    assert done.stdout == f"written to {out}\n"
    lines = out.read_text().splitlines()
    assert lines[0].startswith("time (s),")
    assert {line.split(",")[2] for line in lines[1:]} == {"3", "4"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--to", "cvs"], "phygui: no format 'cvs'; did you mean csv?"),
        (["--to", "csv", "--option", "spike=yes"], "phygui: no option 'spike'; did you mean"),
        (["--to", "csv", "--option", "spikes"], "an option of a format is written NAME=VALUE"),
        (["--to", "csv", "--channel-group", "x"], "--channel-group is a number or 'all', not 'x'"),
        (["--to", "csv", "--channel-group", "5"], "has no shank 5; there are 0."),
    ],
)
def test_what_is_wrong_is_told_in_one_sentence(
    small: Path, tmp_path: Path, words: list[str], told: str
) -> None:
    done = say("export", small, tmp_path / "x.csv", *words)
    assert done.exit_code == 2
    assert told in done.stderr.splitlines()[-1]
    assert not (tmp_path / "x.csv").exists()


def test_formats_are_listed_with_their_options() -> None:
    lines = say("export", "--formats").stdout.splitlines()
    names = [line.partition(":")[0] for line in lines if not line.startswith(" ")]
    assert {"csv", "kwik", "mat", "npz", "parquet", "script"} <= set(names)
    assert any("--option spikes=yes" in line for line in lines)


def test_a_report_is_an_export(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def find(name: str) -> ExportSpec:
        asked.append(name)
        return ExportSpec(name, "", "", "", lambda _, path, *__: path.touch() and None)

    monkeypatch.setattr(run, "find_export", find)
    assert say("report", small, tmp_path / "x.html", "--groups", "good").exit_code == 0
    assert set(asked) == {"report"}


def test_ctrl_c_leaves_nothing(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(_: Curation, path: Path, __: Mapping[str, Any], work: Work) -> None:
        path.touch()
        os.kill(os.getpid(), signal.SIGINT)
        work.step(0.5, "never")
        raise AssertionError

    spec = ExportSpec("own", "", ".own", "", write, needs_metrics=False)
    monkeypatch.setattr(run, "find_export", lambda _: spec)
    before, handler = set(os.listdir(tmp_path)), signal.getsignal(signal.SIGINT)
    done = say("export", small, tmp_path / "x.own", "--to", "own")
    assert done.exit_code == 130
    assert done.stderr == "phygui: cancelled, and nothing was written\n"
    assert set(os.listdir(tmp_path)) == before
    assert signal.getsignal(signal.SIGINT) is handler

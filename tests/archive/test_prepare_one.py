"""One dataset prepared by a process of its own, and what that tells."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from phygui.archive import overview, prepare_one
from tests.archive.conftest import SMALL


def run(path: Path) -> tuple[int, list[dict[str, object]]]:
    command = [sys.executable, "-m", "phygui.archive.prepare_one", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.slow
def test_a_process_prepares_a_dataset(tmp_path: Path) -> None:
    path = shutil.copyfile(SMALL, tmp_path / "x.kwik")
    code, lines = run(path)
    assert code == 0
    assert all(0 <= line["share"] <= 1 for line in lines)  # type: ignore[operator]
    assert overview(path).prepared == 1


def test_why_one_is_not_prepared_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.kwik").write_bytes(b"nothing")
    assert prepare_one.main(str(tmp_path / "x.kwik")) == 1
    *_, line = capsys.readouterr().out.splitlines()
    assert "x.kwik" in json.loads(line)["problem"]


def test_one_that_is_interrupted_ends_as_shells_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("phygui.prepare.prepare", interrupt)
    assert prepare_one.main("x.kwik") == prepare_one.INTERRUPTED

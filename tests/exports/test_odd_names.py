"""Names and labels that are no text, or that would be code or markup, go out as mere words."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from phygui import Session
from phygui.exports import export, exports

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems take no such names")

ODD = b'a\xff\x1b[31m\n"""{x}<b>.kwik'


@pytest.fixture
def odd(small: Path) -> Iterator[Session]:
    path = Path(os.fsdecode(os.path.join(os.fsencode(small.parent), ODD)))
    small.rename(path)
    with Session.open(path, journal=False) as session:
        session.label([3], 'note\x1b[2J"""', 'x\ny\'"""\\<script>')
        session.merge([4, 5])
        yield session
        session.undo()
        session.undo()


@pytest.mark.parametrize("name", [spec.name for spec in exports()])
def test_each_format_takes_them(odd: Session, tmp_path: Path, name: str) -> None:
    suffix = next(spec.suffix for spec in exports() if spec.name == name)
    assert export(odd, name, tmp_path / f"out{suffix}").exists()


def test_the_script_is_still_one(odd: Session, tmp_path: Path) -> None:
    compile(export(odd, "script", tmp_path / "x.py").read_bytes(), "x.py", "exec")


def test_the_report_holds_no_markup_of_theirs(odd: Session, tmp_path: Path) -> None:
    page = export(odd, "report", tmp_path / "x.html").read_text(encoding="utf-8")
    assert "<script>" not in page
    assert "<b>.kwik" not in page

"""Whatever is found where the settings should be, the program starts."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from phygui.gui.base.settings import LARGEST, Settings


@pytest.mark.parametrize(
    "kind", ["link", "dangling", "pipe", "device", "folder", "large", "object"]
)
def test_a_file_that_is_none_of_settings_is_left_alone(tmp_path: Path, kind: str, caplog) -> None:
    path, other = tmp_path / "phygui.ini", tmp_path / "other"
    other.write_text("precious")
    if kind == "link":
        path.symlink_to(other)
    elif kind == "dangling":
        path.symlink_to(tmp_path / "elsewhere")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    elif kind == "large":
        with open(path, "wb") as file:
            file.truncate(LARGEST + 1)
    else:
        path.write_text("[General]\nrecent=@Variant(\\0\\0\\0\\x7f)\n")
    settings = Settings(path)
    assert "is not used" in settings.problem
    assert len(caplog.records) == 1
    assert settings.recent() == []
    settings.add_recent(other)
    assert settings.recent() == [other], "as long as the program runs"
    settings.set("layout/last", {})
    settings.forget("layout")
    assert settings.get("layout/last") is None
    assert other.read_text() == "precious"
    assert not (tmp_path / "elsewhere").exists()


def test_a_lock_beside_the_settings_that_is_a_pipe_does_not_stop_the_program(tmp_path: Path):
    os.mkfifo(tmp_path / "phygui.ini.lock")
    assert Settings(tmp_path / "phygui.ini").problem


def test_a_lock_beside_the_settings_that_nobody_removes_is_not_waited_for(tmp_path: Path):
    (tmp_path / "phygui.ini.lock").write_text("nobody")
    assert "another program" in Settings(tmp_path / "phygui.ini").problem


@pytest.mark.parametrize("text", ["[" * 100_000, "1e999", "nonsense"])
def test_a_value_that_is_no_value_is_absent(tmp_path: Path, text: str) -> None:
    path = tmp_path / "phygui.ini"
    path.write_text(f"[General]\nrecent={json.dumps(text)}\n")
    settings = Settings(path)
    assert settings.problem == ""
    assert settings.recent() == []

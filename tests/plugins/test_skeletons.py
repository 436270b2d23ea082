"""What ``phygui new-plugin`` writes works as it stands, and so does its test."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from phygui.cli import main
from phygui.plugins import load_file
from phygui.plugins.discovery import kind_of
from phygui.plugins.skeletons import SKELETONS, SkeletonError, write_skeleton


@pytest.mark.parametrize("kind", SKELETONS)
def test_a_skeleton_is_a_plugin_of_its_kind(kind: str, tmp_path: Path) -> None:
    path, test = write_skeleton(kind, f"my_{kind}", tmp_path / "new")
    (spec,) = load_file(path)
    assert kind_of(spec) == kind
    assert spec.name == f"my_{kind}"
    for text in (path.read_text(), test.read_text()):
        assert "NAME" not in text
        assert "TITLE" not in text


def test_the_command_writes_into_the_plugin_folder(plugin_folder: Path) -> None:
    ran = CliRunner().invoke(main, ["new-plugin", "metric", "mine"])
    assert ran.exit_code == 0
    assert str(plugin_folder / "mine.py") in ran.output
    again = CliRunner().invoke(main, ["new-plugin", "metric", "mine"])
    assert again.exit_code == 2
    assert "exists already" in again.output


@pytest.mark.parametrize("name", ["Mine", "two words", "class", "test_it", "_own", "../x"])
def test_a_name_that_is_none_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(SkeletonError):
        write_skeleton("metric", name, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_plugin_whose_test_cannot_be_written_is_not_left_behind(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").symlink_to(tmp_path / "absent" / "test_mine.py")
    with pytest.raises(SkeletonError, match="cannot be written"):
        write_skeleton("metric", "mine", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["test_mine.py"]


@pytest.mark.slow
def test_the_tests_of_the_skeletons_pass(tmp_path: Path) -> None:
    for kind in SKELETONS:
        write_skeleton(kind, f"my_{kind}", tmp_path)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "XDG_CONFIG_HOME": str(tmp_path / "config")},
        capture_output=True,
        text=True,
        timeout=250,
    )
    assert ran.returncode == 0, ran.stdout
    assert "6 passed" in ran.stdout

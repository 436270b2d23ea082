"""Formats come in through entry points, and a dataset is opened in the one that knows it."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from phygui import open_dataset, plugins
from phygui.dataset import DatasetError, format_of, formats


def test_the_formats_of_the_program_and_of_other_packages(distribution: Path) -> None:
    assert {"Kwik", "folder of arrays"} <= {known.name for known in formats()}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("gone = no_such_module:FORMAT", "it needs the package no_such_module"),
        ("odd = json:dumps", "it holds function, expected a Format"),
        ("bare = npy_folder:nothing", "nothing"),
    ],
)
def test_a_format_that_cannot_be_used_is_left_out_and_logged(
    line: str, said: str, distribution: Path, caplog: pytest.LogCaptureFixture
) -> None:
    points = next(distribution.glob("*.dist-info")) / "entry_points.txt"
    points.write_text(f"[phygui.formats]\n{line}\n")
    plugins.forget()
    with caplog.at_level(logging.WARNING):
        assert [known.name for known in formats()] == ["Kwik", "phy", "SpikeInterface"]
    assert said in caplog.text


def test_each_dataset_is_opened_in_its_format(
    small: Path, distribution: Path, tmp_path: Path
) -> None:
    from npy_folder import write  # type: ignore[import-not-found]

    assert open_dataset(small).format_name == "Kwik"
    dataset = open_dataset(write(tmp_path))
    assert dataset.format_name == "folder of arrays"
    assert dataset.clusterings.names(0) == ["main"]


@pytest.mark.parametrize("name", ["nothing.kwik", "nothing"])
def test_what_is_not_there_is_said(name: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=name):
        open_dataset(tmp_path / name)


def test_what_no_format_knows_is_said(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("no dataset")
    with pytest.raises(DatasetError, match=r"notes\.txt is not a dataset of a known format"):
        format_of(path)
    with pytest.raises(DatasetError, match="expected Kwik"):
        format_of(tmp_path)


def test_a_dataset_is_opened_without_the_formats_after_its_own(small: Path) -> None:
    code = (
        "import sys, phygui\nphygui.open_dataset(sys.argv[1])\n"
        "print('phygui.formats.phy' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(small)], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "False"

"""No file of a folder holds the gain: the user says it once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from phygui import Session, open_dataset
from phygui.dataset import DatasetError
from phygui.storage.state import locations

from .folders import make


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locations, "locations_file", lambda: tmp_path / "own" / "locations.json")


def test_the_gain_is_said_once_and_remembered(tmp_path: Path) -> None:
    path = make(tmp_path, n_shanks=2).path
    before = {each.name: each.read_bytes() for each in path.iterdir()}
    with Session.open(path) as session:
        assert not session.shank.tells_gain
        assert (session.shank.voltage_unit, session.shank.channel_gains[0]) == ("units", 1)
        session.learn_stats()
        sizes = {c: of.amplitude for c, of in session.stats.items()}
        told: list[str] = []
        session.switched.connect(lambda: told.append(session.shank.voltage_unit))
        session.set_gain(0.5)
        assert told == ["µV"]
        assert session.stats == {}, "what was computed in other units is void"
        session.learn_stats()
        for cluster, of in session.stats.items():
            assert of.amplitude == pytest.approx(0.5 * (sizes[cluster] or 0), rel=1e-4)
        session.change_channel_group(1)
        assert session.shank.voltage_unit == "µV"
    assert {each.name: each.read_bytes() for each in path.iterdir()} == before
    shank = open_dataset(path).open(1)
    np.testing.assert_array_equal(shank.channel_gains, np.full(4, 0.5))
    shank.set_gain(None)
    assert open_dataset(path).open().voltage_unit == "units"


@pytest.mark.parametrize("gain", [0, -1, float("nan"), float("inf")])
def test_what_is_no_gain_changes_nothing(tmp_path: Path, gain: float) -> None:
    shank = open_dataset(make(tmp_path).path).open()
    with pytest.raises(DatasetError, match="no sense"):
        shank.set_gain(gain)
    assert shank.voltage_unit == "units"
    assert shank.n_located == 0


def test_a_gain_that_cannot_be_remembered_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shank = open_dataset(make(tmp_path).path).open()
    (tmp_path / "own").write_text("no folder")
    with pytest.raises(DatasetError, match="not be remembered"):
        shank.set_gain(0.2)
    assert shank.voltage_unit == "units"


def test_what_was_remembered_and_makes_no_sense_is_passed_over(tmp_path: Path) -> None:
    path = make(tmp_path).path
    place = locations.locations_file()
    place.parent.mkdir()
    for text in ('"x"', "-1", "true", "[]"):
        place.write_text(f'{{"{path.resolve()}": {{"gain": {text}}}}}')
        assert open_dataset(path).open().voltage_unit == "units"


def test_where_files_tell_the_gain_it_is_not_asked(small: Path) -> None:
    shank = open_dataset(small).open()
    assert shank.tells_gain
    with pytest.raises(DatasetError, match="files tell the gain"):
        shank.set_gain(0.2)

"""Data that is not where the file says, or outside its folder: said, and opened on demand."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QPushButton

from phygui import KwikWarning
from phygui.gui.actions.actions import BY_NAME
from phygui.views.core.base import Empty


@pytest.mark.slow
def test_raw_data_kept_elsewhere_can_be_located(
    small: Path, open_window: Callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "archive"
    elsewhere.mkdir()
    small.with_suffix(".dat").rename(elsewhere / "raw.dat")
    before = small.read_bytes()
    user = open_window(small)
    assert isinstance(user.view("traces").data, Empty)
    assert "simulated_small.dat" in user.view("waveforms").data.reason
    assert all(stats.amplitude is None for stats in user.session.stats.values())
    monkeypatch.setattr(
        "phygui.gui.window.commands.QFileDialog.getOpenFileName",
        lambda *args, **kwargs: (str(elsewhere / "raw.dat"), ""),
    )
    # Each view without it has a button that asks for it.
    button = elsewhere_button(user, "waveforms")
    assert button.isVisible()
    assert button.text() == "Locate..."
    user.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    user.settle()
    assert not button.isVisible()
    assert not isinstance(user.view("traces").data, Empty)
    assert not isinstance(user.view("waveforms").data, Empty)
    assert all(stats.amplitude for stats in user.session.stats.values())
    assert small.read_bytes() == before
    user.window.dispose()
    again = open_window(small)
    assert not isinstance(again.view("traces").data, Empty), "it is remembered"


@pytest.fixture
def archived(small: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A dataset that names its raw data by an absolute path outside its folder."""
    raw = tmp_path_factory.mktemp("archive") / "raw.dat"
    small.with_suffix(".dat").rename(raw)
    with h5py.File(small, "r+") as file:
        of_raw = file.require_group("recordings/0/raw").attrs
        for name in list(of_raw):
            del of_raw[name]
        of_raw["dat_path"] = str(raw)
    return small, raw


def elsewhere_button(user: Any, kind: str) -> QPushButton:
    return user.view(kind).native.findChild(QPushButton, "elsewhere")


@pytest.mark.parametrize("how", ["mouse", "space", "return", "menu"])
def test_raw_data_outside_the_folder_is_opened_when_the_user_says_so(
    archived: tuple[Path, Path], open_window: Callable, how: str
) -> None:
    path, raw = archived
    user = open_window(path)
    assert not user.session.model.has_traces(), "not on its own"
    assert str(raw) in user.view("waveforms").data.reason
    button = elsewhere_button(user, "waveforms")
    assert button.isVisible()
    assert str(raw) in button.toolTip()
    native, selected = button.parentWidget(), user.session.selected
    assert native.rect().contains(button.geometry())
    threads = []
    locate = user.session.model.locate
    user.session.model.locate = lambda *a: (threads.append(threading.current_thread()), locate(*a))
    if how == "mouse":
        user.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    elif how == "menu":
        user.window.actions_by_name["accept_traces"].trigger()
    else:
        button.setFocus()
        user.qtbot.keyClick(button, Qt.Key.Key_Space if how == "space" else Qt.Key.Key_Return)
    user.settle()
    assert threads
    assert threading.main_thread() not in threads
    assert user.session.model.has_traces()
    assert user.session.selected == selected
    assert not isinstance(user.view("waveforms").data, Empty)
    assert not button.isVisible()
    assert "raw.dat" in user.message
    assert not BY_NAME["accept_traces"].enabled(user.window)


def test_raw_data_that_is_no_longer_where_the_file_names_it(
    archived: tuple[Path, Path], open_window: Callable
) -> None:
    path, raw = archived
    raw.unlink()
    user = open_window(path)
    button = elsewhere_button(user, "waveforms")
    user.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    user.settle()
    assert f"{raw} does not exist" in user.message
    assert button.isVisible()


def test_views_say_why_raw_data_that_is_there_is_not_used(
    small: Path, open_window: Callable
) -> None:
    small.with_suffix(".dat").write_bytes(b"")
    with pytest.warns(KwikWarning, match="Raw data is left out"):
        user = open_window(small)
    assert "simulated_small.dat is empty (0 bytes)" in user.view("waveforms").data.reason
    assert "simulated_small.dat is empty (0 bytes)" in user.session.model.describe()
    # Another file may be the right one.
    assert elsewhere_button(user, "waveforms").text() == "Locate..."


def test_what_is_unusual_is_told(copy_dataset: Callable, open_window: Callable) -> None:
    path = copy_dataset("spikedetekt2_4sec")
    with pytest.warns(KwikWarning):
        user = open_window(path)
    assert "remarks on this file" in user.message
    user.window.actions_by_name["remarks"].trigger()
    text = user.window.commands._remarks.text.toPlainText()
    assert "channels [0]" in text
    assert len(text.splitlines()) == len(user.session.model.warnings)
    user.window.commands._remarks.close()

"""Shanks and clusterings: chosen by combo box, key and menu, copied, made read-only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import pytest
from qtpy.QtCore import Qt

from phygui import Session
from phygui.gui.actions.actions import BY_NAME
from phygui.gui.base.delays import DELAYS
from phygui.simulate import make_demo
from phygui.views import VIEWS
from tests.gui.curator import run
from tests.gui.known import copy_known, keep_all


@pytest.fixture(scope="module")
def two_shanks_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shanks")
    made = make_demo(
        folder, n_spikes=3_000, n_clusters=10, n_channels=8, duration=20.0, n_channel_groups=2
    )
    keep_all(made.kwik_path)
    return folder


@pytest.fixture
def shanks(two_shanks_folder: Path, tmp_path: Path) -> Path:
    return copy_known(two_shanks_folder, tmp_path, "demo")


@pytest.mark.slow
def test_the_toolbar_shows_only_what_can_be_chosen(
    hybrid: Path, shanks: Path, open_window: Callable
) -> None:
    one, two = open_window(hybrid), open_window(shanks)
    assert not one.window.switching.shank.isVisible()
    assert one.window.switching.clustering.isVisible()
    assert two.window.switching.shank.isVisible()
    assert not BY_NAME["next_shank"].enabled(one.window)


@pytest.mark.slow
def test_switching_shanks_by_combo_box_and_key(shanks: Path, open_window: Callable) -> None:
    user = open_window(shanks)
    session, window = user.session, user.window
    a, b = session.cluster_ids[:2].tolist()
    user.select(a, b)
    user.press(Qt.Key.Key_G)
    selected = session.selected
    user.view("traces").go_to(7.0)
    user.settle()
    assert user.view("traces").params.time == 7.0
    channels = user.view("traces").data.channel_labels

    combo = window.switching.shank
    combo.setFocus()
    combo.setCurrentIndex(1)
    combo.activated.emit(1)
    user.settle()
    assert session.channel_group == 1
    assert window.cluster_table.model.cluster_ids
    assert set(window.cluster_table.model.cluster_ids) == set(session.cluster_ids.tolist())
    assert len(session.selected) >= 1
    # Every view shows the other shank, at the same time.
    assert user.view("traces").data.channel_labels != channels
    assert user.view("traces").params.time == 7.0
    low, high = user.view("traces").data.interval
    assert low < 7.0 < high
    assert not session.can_undo
    user.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert "nothing" in user.message or not session.can_redo
    best = session.selection.best[0]
    user.click_cluster(best)
    user.press(Qt.Key.Key_G, Qt.KeyboardModifier.AltModifier)
    assert session.group_of(best) == "good"

    user.press(Qt.Key.Key_PageDown, Qt.KeyboardModifier.ControlModifier)
    assert session.channel_group == 0
    assert combo.currentText() == "0"
    assert session.selected == selected
    assert session.can_undo
    user.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert {a, b} <= set(session.cluster_ids.tolist())
    run(user, "redo")
    run(user, "save")
    user.qtbot.waitUntil(lambda: not session.is_modified, timeout=20_000)
    with Session.open(shanks, 1, read_only=True) as again:
        assert again.group_of(best) == "good"
    with Session.open(shanks, 0, read_only=True) as again:
        assert again.cluster_ids.tolist() == session.cluster_ids.tolist()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::phygui.KwikWarning")
def test_shanks_without_spikes_or_clusters_say_so_when_they_are_chosen(
    shanks: Path, open_window: Callable
) -> None:
    with h5py.File(shanks, "r+") as file:
        file.move("channel_groups/1", "channel_groups/2")
        file.copy("channel_groups/0", "channel_groups/1")
        file.copy("channel_groups/0", "channel_groups/3")
        del file["channel_groups/0/spikes"]
        del file["channel_groups/1/spikes/clusters"]
    user = open_window(shanks)
    session, combo = user.session, user.window.switching.shank
    assert session.channel_group == 2
    texts = [combo.itemText(i) for i in range(combo.count())]
    assert texts == ["0 (no spikes)", "1 (no clusters)", "2", "3"]
    for group, word in ((0, "spikes"), (1, "clusters")):
        combo.setCurrentIndex(group)
        combo.activated.emit(group)
        user.settle()
        assert f"shank {group} has no {word}" in user.message
        assert (session.channel_group, combo.currentText()) == (2, "2")
    for group in (3, 2):
        # Steps pass over them.
        user.press(Qt.Key.Key_PageDown, Qt.KeyboardModifier.ControlModifier)
        assert session.channel_group == group


@pytest.mark.slow
def test_copying_a_clustering_and_making_it_read_only(hybrid: Path, open_window: Callable) -> None:
    user = open_window(hybrid)
    session, window = user.session, user.window
    a, b = session.cluster_ids[:2].tolist()
    user.select(a, b)
    user.press(Qt.Key.Key_G)
    merged = session.selection.best[0]
    run(user, "copy_clustering")
    dialog = window.switching.dialog
    assert dialog.textValue() == "main copy"
    dialog.setTextValue("second/try")
    dialog.accept()
    user.settle()
    assert "not a valid name for a clustering" in user.message
    run(user, "copy_clustering")
    window.switching.dialog.setTextValue("second try")
    window.switching.dialog.accept()
    user.settle()
    assert session.clustering == "second try"
    assert merged in session.cluster_ids
    texts = [
        window.switching.clustering.itemText(i) for i in range(window.switching.clustering.count())
    ]
    assert sorted(texts) == ["main", "original", "second try"]

    run(user, "editable")
    assert "read-only" in window.switching.clustering.currentText()
    assert "read-only" in window.windowTitle()
    user.select(merged)
    user.press(Qt.Key.Key_G, Qt.KeyboardModifier.AltModifier)
    assert session.group_of(merged) != "good"
    run(user, "editable")
    user.press(Qt.Key.Key_G, Qt.KeyboardModifier.AltModifier)
    assert session.group_of(merged) == "good"

    user.press(Qt.Key.Key_PageDown, Qt.KeyboardModifier.ControlModifier)  # there is only one shank
    assert session.channel_group == 0
    window.switching.switch(clustering="original")
    user.settle()
    assert not session.is_editable
    assert not BY_NAME["editable"].enabled(window)
    assert not window.actions_by_name["merge"].isEnabled()
    run(user, "next_clustering")
    assert session.clustering == "second try"
    run(user, "save")
    user.qtbot.waitUntil(lambda: not session.is_modified, timeout=20_000)
    with Session.open(hybrid, clustering="second try", read_only=True) as again:
        assert again.group_of(merged) == "good"


@pytest.mark.slow
def test_dataset_menus_list_and_switch(shanks: Path, open_window: Callable) -> None:
    user = open_window(shanks)
    menu = next(a.menu() for a in user.window.menuBar().actions() if "Dataset" in a.text())
    groups, names = (a.menu() for a in menu.actions()[:2])
    for submenu, expected in ((groups, ["0", "1"]), (names, ["main", "original"])):
        submenu.aboutToShow.emit()
        assert [a.text() for a in submenu.actions()] == expected
        assert [a.isChecked() for a in submenu.actions()] == [True, False]
    groups.actions()[1].trigger()
    user.settle()
    names.aboutToShow.emit()
    names.actions()[1].trigger()
    user.settle()
    assert (user.session.channel_group, user.session.clustering) == (1, "original")


def test_a_switch_that_fails_is_said_and_nothing_changes(
    shanks: Path, open_window: Callable
) -> None:
    user = open_window(shanks)
    user.window.switching.switch(clustering="nowhere")
    user.settle()
    assert "no clustering" in user.message
    assert user.session.clustering == "main"
    assert user.window.switching.clustering.currentData() == "main"


def test_of_two_switches_in_a_row_the_last_one_counts(shanks: Path, open_window: Callable) -> None:
    user = open_window(shanks)
    user.window.switching.switch(1)
    user.window.switching.switch(clustering="original")
    user.window.switching.switch(0, "original")
    user.settle()
    assert (user.session.channel_group, user.session.clustering) == (0, "original")
    user.window.switching.switch(1)
    user.window.switching.switch(0)
    user.settle()
    assert (user.session.channel_group, user.session.clustering) == (0, "original")


@pytest.mark.slow
def test_a_switch_loads_each_view_once(
    tmp_path: Path, open_window: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_demo(
        tmp_path, n_spikes=4_000, n_clusters=10, n_channels=8, duration=30.0, n_channel_groups=2
    )
    user = open_window(tmp_path / "demo.kwik")
    first, second = user.session.model.channel_groups
    loaded: list[int] = []
    load = VIEWS["correlograms"].load

    def counted(snapshot: Any, *args: Any) -> Any:
        loaded.append(snapshot.shank.channel_group)
        return load(snapshot, *args)

    user.view("correlograms")
    monkeypatch.setattr(VIEWS["correlograms"], "load", staticmethod(counted))
    # A machine that knows the first cluster too late loads what it chose meanwhile as well.
    monkeypatch.setattr(DELAYS, "first_choice_ms", 60_000)
    for group in (second, first, second):
        user.window.switching.switch(group)
        user.settle()
        assert user.view("correlograms").data.cluster_ids == user.session.selection.clusters
    user.session.locate("features", tmp_path / "demo.kwx")
    user.settle()
    assert loaded == [second, first, second, second]


def test_the_wait_for_the_first_cluster_begins_anew_with_each_switch(
    shanks: Path, open_window: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = open_window(shanks)
    user.window.background.stop()
    monkeypatch.setattr(DELAYS, "first_choice_ms", 50)
    user.session.switch(user.session.model.channel_groups[1])
    assert not user.session.selected
    monkeypatch.setattr(DELAYS, "first_choice_ms", 60_000)
    user.session.switch(clustering="original")
    user.qtbot.wait(150)
    assert not user.session.selected
    user.window.background.resume()
    user.settle()
    assert user.session.selected


def test_a_state_of_another_channel_group_is_not_offered_to_be_brought_back(
    shanks: Path, open_window: Callable
) -> None:
    user = open_window(shanks)
    session, dialog = user.session, user.window.saving
    for _ in range(2):
        session.merge(session.cluster_ids[:2])
        session.save()
        session.switch(session.model.channel_groups[1])
    user.settle()
    session.switch(session.model.channel_groups[0])
    user.settle()
    run(user, "restore")
    table, difference = dialog.dialog.table, dialog.dialog.difference
    # The later one is of the other channel group; the one that fits is chosen.
    assert "shank 1, main" in table.item(1, 2).text()
    assert [index.row() for index in table.selectionModel().selectedRows()] == [2]
    assert dialog.dialog.restore_button.isEnabled()
    place = table.visualItemRect(table.item(1, 0)).center()
    user.qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert not dialog.dialog.restore_button.isEnabled()
    user.settle()
    assert "Only shank 1, main" in difference.toPlainText()
    dialog.dialog.close()

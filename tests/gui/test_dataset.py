"""Shanks and clusterings, history, comparison, and work in the background, by keys and mouse."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QPushButton

from phygui import DatasetError, KwikModel, KwikWarning, Session
from phygui.gui.actions.actions import BY_NAME
from phygui.gui.window.menus import edit_menu
from phygui.simulate import make_demo
from phygui.views import VIEWS
from phygui.views.core.base import Empty


@pytest.fixture(scope="module")
def two_shanks_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shanks")
    make_demo(
        folder, n_spikes=3_000, n_clusters=10, n_channels=8, duration=20.0, n_channel_groups=2
    )
    return folder


@pytest.fixture
def shanks(two_shanks_folder: Path, tmp_path: Path) -> Path:
    import shutil

    for source in two_shanks_folder.iterdir():
        if source.is_file():
            shutil.copyfile(source, tmp_path / source.name)
    return tmp_path / "demo.kwik"


def run(user: Any, name: str) -> None:
    user.window.run(BY_NAME[name])
    user.settle()


def click_row(user: Any, view: Any, row: int, column: int = 0) -> None:
    """Click a row of a table, as it is shown."""
    index = view.model().index(row, column)
    view.scrollTo(index)
    at = view.visualRect(index).center()
    user.qtbot.mouseClick(view.viewport(), Qt.LeftButton, Qt.NoModifier, at)
    user.settle()


# -- history -----------------------------------------------------------------------------------


def history_rows(user: Any) -> list[tuple[str, str]]:
    model = user.window.docks["history"].model
    return [(model.index(r, 1).data(), model.index(r, 2).data()) for r in range(model.rowCount())]


def test_history_lists_edits_and_a_click_jumps(hybrid: Path, open_window: Callable) -> None:
    user = open_window(hybrid)
    session, dock = user.session, user.window.docks["history"]
    assert not dock.is_on_screen
    user.press(Qt.Key_H, Qt.ControlModifier)
    assert dock.is_on_screen
    start = session.spike_clusters.copy()
    n = len(session.cluster_ids)
    a, b, c, d = session.cluster_ids[:4].tolist()
    user.select(a, b)
    user.press(Qt.Key_G)
    merged = session.spike_clusters.copy()
    user.select(c)
    user.press(Qt.Key_N, Qt.AltModifier)
    user.select(d)
    user.press(Qt.Key_G, Qt.AltModifier)
    rows = history_rows(user)
    assert [words for words, _ in rows][1:] == [u.description for u in session.history]
    assert "✓ saved" in rows[0][0]
    assert all(str(n) in rows[0][1] for n in (session.tally_at(0)).values())
    counts = [sum(session.tally_at(p).values()) for p in range(4)]
    assert counts == [n, n - 1, n - 1, n - 1]

    click_row(user, dock.view, 1)
    assert session.history_position == 1
    assert np.array_equal(session.spike_clusters, merged)
    assert user.session.group_of(c) != "noise"
    faint = dock.model.index(2, 1).data(Qt.ForegroundRole)
    assert faint is not None
    assert dock.model.index(1, 1).data(Qt.ForegroundRole) is None
    click_row(user, dock.view, 3)
    assert session.group_of(d) == "good"
    run(user, "save")
    user.qtbot.waitUntil(lambda: not session.is_modified, timeout=20_000)
    assert "✓ saved" in history_rows(user)[3][0]
    assert "✓ saved" not in history_rows(user)[0][0]
    click_row(user, dock.view, 0)
    assert np.array_equal(session.spike_clusters, start)
    assert user.window.isWindowModified()
    run(user, "to_saved")
    assert session.history_position == 3
    assert not user.window.isWindowModified()

    # An edit after a jump back forgets what was undone.
    click_row(user, dock.view, 1)
    user.select(d)
    user.press(Qt.Key_M, Qt.AltModifier)
    assert len(history_rows(user)) == 3
    assert not BY_NAME["to_saved"].enabled(user.window)


def test_history_changes_only_the_rows_that_an_edit_touches(
    hybrid: Path, open_window: Callable
) -> None:
    user = open_window(hybrid)
    model = user.window.docks["history"].model
    c = int(user.session.cluster_ids[0])
    for k in range(30):
        user.session.label([c], "note", str(k))
    user.settle()
    assert model.rowCount() == 31
    rewritten: list[tuple[int, int]] = []
    inserted: list[tuple[int, int]] = []
    resets: list[int] = []
    model.dataChanged.connect(lambda a, b, _: rewritten.append((a.row(), b.row())))
    model.rowsInserted.connect(lambda _, a, b: inserted.append((a, b)))
    model.modelReset.connect(lambda: resets.append(1))
    user.session.label([c], "note", "last")
    user.settle()
    assert (rewritten, inserted, resets) == ([(30, 31)], [(31, 31)], [])


# -- shanks and clusterings --------------------------------------------------------------------


def test_the_toolbar_shows_only_what_can_be_chosen(
    hybrid: Path, shanks: Path, open_window: Callable
) -> None:
    one, two = open_window(hybrid), open_window(shanks)
    assert not one.window.switching.shank.isVisible()
    assert one.window.switching.clustering.isVisible()
    assert two.window.switching.shank.isVisible()
    assert not BY_NAME["next_shank"].enabled(one.window)


def test_switching_shanks_by_combo_box_and_key(shanks: Path, open_window: Callable) -> None:
    user = open_window(shanks)
    session, window = user.session, user.window
    a, b = session.cluster_ids[:2].tolist()
    user.select(a, b)
    user.press(Qt.Key_G)
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
    user.press(Qt.Key_Z, Qt.ControlModifier)
    assert "nothing" in user.message or not session.can_redo
    best = session.selection.best[0]
    user.click_cluster(best)
    user.press(Qt.Key_G, Qt.AltModifier)
    assert session.group_of(best) == "good"

    user.press(Qt.Key_PageDown, Qt.ControlModifier)
    assert session.channel_group == 0
    assert combo.currentText() == "0"
    assert session.selected == selected
    assert session.can_undo
    user.press(Qt.Key_Z, Qt.ControlModifier)
    assert {a, b} <= set(session.cluster_ids.tolist())
    run(user, "redo")
    run(user, "save")
    user.qtbot.waitUntil(lambda: not session.is_modified, timeout=20_000)
    with Session.open(shanks, 1, read_only=True) as again:
        assert again.group_of(best) == "good"
    with Session.open(shanks, 0, read_only=True) as again:
        assert again.cluster_ids.tolist() == session.cluster_ids.tolist()


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
        user.press(Qt.Key_PageDown, Qt.ControlModifier)
        assert session.channel_group == group


def test_copying_a_clustering_and_making_it_read_only(hybrid: Path, open_window: Callable) -> None:
    user = open_window(hybrid)
    session, window = user.session, user.window
    a, b = session.cluster_ids[:2].tolist()
    user.select(a, b)
    user.press(Qt.Key_G)
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
    user.press(Qt.Key_G, Qt.AltModifier)
    assert session.group_of(merged) != "good"
    run(user, "editable")
    user.press(Qt.Key_G, Qt.AltModifier)
    assert session.group_of(merged) == "good"

    user.press(Qt.Key_PageDown, Qt.ControlModifier)  # there is only one shank
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
    for group in (second, first, second):
        user.window.switching.switch(group)
        user.settle()
        assert user.view("correlograms").data.cluster_ids == user.session.selection.clusters
    user.session.locate("features", tmp_path / "demo.kwx")
    user.settle()
    assert loaded == [second, first, second, second]


# -- comparison --------------------------------------------------------------------------------


def test_what_is_compared_is_the_active_clustering(hybrid: Path, open_window: Callable) -> None:
    user = open_window(hybrid)
    window, dock = user.window, user.window.comparison

    def chosen() -> tuple[str, str]:
        return dock.first.currentText(), dock.second.currentText()

    user.window.switching.copy_to("mine")
    user.settle()
    assert user.session.clustering == "mine"
    run(user, "compare_clusterings")
    assert chosen() == ("mine", "original")
    # What is shown stays as it is until it is asked for again.
    window.switching.switch(clustering="main")
    user.settle()
    assert chosen() == ("mine", "original")
    run(user, "compare_clusterings")
    assert chosen() == ("main", "original")
    # What the user has chosen beside the active one stays.
    dock.second.setCurrentText("mine")
    dock.second.activated.emit(0)
    user.settle()
    window.switching.switch(clustering="mine")
    user.settle()
    run(user, "compare_clusterings")
    assert chosen() == ("mine", "main")
    dock.second.setCurrentText("mine")
    dock.second.activated.emit(0)
    run(user, "compare_clusterings")
    assert chosen() == ("mine", "original")


def test_what_was_compared_of_another_channel_group_is_not_shown(
    tmp_path: Path, open_window: Callable
) -> None:
    # Both have as many spikes.
    make_demo(
        tmp_path, n_spikes=4_000, n_clusters=10, n_channels=8, duration=30.0, n_channel_groups=2
    )
    user = open_window(tmp_path / "demo.kwik")
    window, session, dock = user.window, user.session, user.window.comparison
    first, second = session.model.channel_groups
    run(user, "compare_clusterings")
    assert dock.agreement is not None
    dock.close()
    window.switching.switch(second)
    user.settle()
    assert dock.agreement is None
    # Nor what was still on its way.
    dock.compare()
    session.switch(first)
    user.settle()
    assert dock.agreement is None
    window.show_dock("comparison")
    user.settle()
    assert dock.agreement is not None


def test_a_comparison_that_fails_is_not_waited_for(
    hybrid: Path, open_window: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise DatasetError("the clustering is gone")

    user = open_window(hybrid)
    monkeypatch.setattr("phygui.gui.docks.comparison.agreement", fails)
    run(user, "compare_clusterings")
    assert user.message == "the clustering is gone"
    assert user.window.comparison.note.text() == "not compared"


def test_comparing_tells_which_cluster_went_where(hybrid: Path, open_window: Callable) -> None:
    user = open_window(hybrid)
    session, dock = user.session, user.window.comparison
    a, b, c = session.cluster_ids[:3].tolist()
    original = np.asarray(session.model.spike_clusters).copy()
    new = session.merge([a, b]).added[0]
    half = session.spikes_per_cluster[c][: len(session.spikes_per_cluster[c]) // 2]
    session.split(half)
    user.settle()
    run(user, "compare_clusterings")
    assert (dock.first.currentText(), dock.second.currentText()) == ("main", "original")
    found = dock.agreement
    assert found is not None
    assert found.n_spikes == len(original)
    table = dock.table
    row = next(r for r in range(len(found.ids_a)) if table.text_of(r, 0) == str(new))
    assert table.text_of(row, 2) == f"{(np.isin(original, [a, b])).sum():,d}"
    went = table.text_of(row, 8)
    share = (original == a).sum() / np.isin(original, [a, b]).sum()
    assert f"{a} ({share:.1%})" in went
    assert f"{b} (" in went
    click_row(user, table, row)
    assert session.selected == [new]

    dock.swap_button.click()
    user.settle()
    assert dock.agreement.ids_a.tolist() == np.unique(original).tolist()
    row = next(r for r in range(table.proxy.rowCount()) if table.text_of(r, 0) == str(c))
    click_row(user, table, row)
    assert len(session.selected) == 2
    assert set(session.selected) <= set(session.cluster_ids.tolist())
    session.undo()
    user.settle()
    assert "edited since" in dock.note.text()
    dock.compare_button.click()
    user.settle()
    assert "edited since" not in dock.note.text()

    # The picture says what the table says, also under the mouse.
    place = int(np.flatnonzero(dock.agreement.ids_a == a)[0])
    column = int(dock.agreement.columns[dock.agreement.pairs_of(place)][0])
    assert f"({1:.1%}) of cluster {a}" in dock.map.words(place, column)


# -- background --------------------------------------------------------------------------------


def test_a_reopened_dataset_shows_all_columns_at_once(
    demo: Path, open_window: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = open_window(demo)
    table = user.window.cluster_table.model
    names = [c.name for c in table.columns]

    def cells(window: Any) -> dict[int, list[str]]:
        model = window.cluster_table.model
        return {c: [model.text(c, column) for column in model.columns] for c in model.cluster_ids}

    before = cells(user.window)
    assert "–" not in before[int(user.session.cluster_ids[0])][names.index("amplitude")]
    assert user.window.close()
    assert (demo.with_suffix(".phygui") / "statistics-0.npz").exists()

    def forbidden(*_: Any, **__: Any) -> None:
        raise AssertionError("nothing is to be computed")

    monkeypatch.setattr("phygui.curation.statistics.cluster_statistics.compute_stats", forbidden)
    monkeypatch.setattr("phygui.curation.statistics.stats.QualitySource.compute", forbidden)
    again = open_window(demo)
    assert cells(again.window) == before


def test_progress_is_shown_and_stops_when_told(
    demo: Path, open_window: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    from phygui.curation.statistics import cluster_statistics as knowledge

    slow = knowledge.compute_stats

    def slowly(snapshot: Any, ids: list[int], cancelled: Callable[[], bool]) -> Any:
        found = {}
        for c in ids:
            if cancelled():
                break
            time.sleep(0.1)
            found |= slow(snapshot, [c])
        return found

    user = open_window(demo)
    background = user.window.background
    session = user.session
    monkeypatch.setattr(knowledge, "compute_stats", slowly)
    # What is kept meanwhile finds nothing of the old ones.
    session.knowledge.stats.clear()
    session.knowledge.prints.clear()
    background.request()
    user.qtbot.waitUntil(background.line.isVisible, timeout=5_000)
    assert "statistics" in background.line.label.text()
    background.line.cancel.click()
    assert not background.line.isVisible()
    assert background.is_stopped
    user.qtbot.waitUntil(lambda: not background.is_busy, timeout=5_000)
    assert session.knowledge.missing_stats()
    assert not user.window.actions_by_name["compute"].isChecked()
    run(user, "compute")
    assert not session.knowledge.missing_stats()
    assert not background.line.isVisible()


def test_edits_in_quick_succession_do_not_starve_the_statistics(
    demo: Path, open_window: Callable
) -> None:
    user = open_window(demo)
    session = user.session
    session.knowledge.metrics.clear()
    for k in range(20):
        session.label(session.cluster_ids[:1].tolist(), "n", str(k))
        user.qtbot.wait(25)
    assert session.metrics
    user.settle()
    assert not session.knowledge.missing_metrics()


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
    user.window.actions_by_name["locate_traces"].trigger()
    user.settle()
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
        user.qtbot.mouseClick(button, Qt.LeftButton)
    elif how == "menu":
        user.window.actions_by_name["accept_traces"].trigger()
    else:
        button.setFocus()
        user.qtbot.keyClick(button, Qt.Key_Space if how == "space" else Qt.Key_Return)
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
    user.qtbot.mouseClick(button, Qt.LeftButton)
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
    assert elsewhere_button(user, "waveforms") is None


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
    user.qtbot.mouseClick(table.viewport(), Qt.LeftButton, pos=place)
    assert not dialog.dialog.restore_button.isEnabled()
    user.settle()
    assert "Only shank 1, main" in difference.toPlainText()
    dialog.dialog.close()


def test_menus_move_clusters_to_the_groups_of_the_dataset_too(
    small: Path, open_window: Callable
) -> None:
    with KwikModel(small) as model:
        model.add_cluster_group(4, "Narrow & fast")
    user = open_window(small)
    first, second = user.session.cluster_ids[:2].tolist()
    user.select(first)
    edit = next(a.menu() for a in user.window.menuBar().actions() if a.text() == "&Edit")
    context = edit_menu(user.window)
    for menu, cluster in ((edit, first), (context, second)):
        user.select(cluster)
        best = next(a.menu() for a in menu.actions() if a.text() == "Move best to")
        for _ in range(2):
            best.aboutToShow.emit()
        user.settle()
        (item,) = [a for a in best.actions() if a.text() == "Move best to Narrow && fast"]
        item.trigger()
        user.settle()
        assert user.session.group_of(cluster) == "Narrow & fast"
    context.close()

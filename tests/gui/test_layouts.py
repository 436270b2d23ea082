"""Layouts, several views of a kind, and the settings that views remember."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QCursor
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QCheckBox, QDialogButtonBox, QSpinBox

from phygui.curation.edits.update import EditError
from phygui.gui.actions.layout_presets import LAYOUTS, names_in, without
from phygui.gui.base.settings import Settings
from phygui.gui.dialogs.view_settings import ParameterDialog, params_of, plain_changes
from phygui.views.correlogram.data import CorrelogramParams
from phygui.views.feature.view import FeatureParams
from tests.gui.curator import CTRL, shown, type_line


def visible(user: Any) -> set[str]:
    """Names of the docks that are shown, in front or behind a tab."""
    return {name for name, dock in user.window.docks.items() if not dock.isHidden()}


def check_reachable(user: Any) -> None:
    """No dock is lost: each is in the window, and the View menu shows it."""
    window = user.window
    for name, dock in window.docks.items():
        assert window.dockWidgetArea(dock) != Qt.DockWidgetArea.NoDockWidgetArea, name


@pytest.fixture
def closed() -> Callable[[Any], None]:
    def close(user: Any) -> None:
        user.window.close()

    return close


@pytest.mark.slow
def test_shipped_layouts_show_their_docks_at_both_sizes(onlooker: Any) -> None:
    user = onlooker
    window = user.window
    for width, height in ((1366, 768), (1880, 1000)):
        window.resize(width, height)
        for name, layout in LAYOUTS.items():
            window.actions_by_name[f"layout_{name.lower()}"].trigger()
            user.settle()
            wanted = {n for n in names_in(layout) if n in window.docks}
            assert visible(user) == wanted
            check_reachable(user)
            assert (window.width(), window.height()) == (width, height)
            if name == "Classic":
                judged = {"firing_rate", "channel", "depth", "amplitude"}
                assert judged.isdisjoint(window.cluster_table.columns.given_way)
            for each in wanted:
                dock = window.docks[each]
                if not dock.visibleRegion().isEmpty():
                    assert dock.width() >= 200, (name, each)
                    assert dock.height() >= 130, (name, each)
    # The shares are kept: the plots that take a lasso are the largest of Split.
    user.window.layout_keeper.show("split")
    user.settle()
    assert window.docks["features"].width() > 1.3 * window.docks["waveforms"].width()


def test_a_layout_leaves_out_docks_that_are_not_there() -> None:
    left = without(LAYOUTS["Classic"], lambda name: name in ("history", "waveforms", "traces"))
    assert set(names_in(left)) == set(names_in(LAYOUTS["Classic"])) - {
        "history",
        "waveforms",
        "traces",
    }
    assert without(LAYOUTS["Merge"], lambda name: True) is None


@pytest.mark.slow
def test_a_layout_is_saved_under_a_name_shown_and_deleted(
    demo: Path, open_window: Callable[..., Any], settings: Settings
) -> None:
    user = open_window(demo)
    window, keeper = user.window, user.window.layout_keeper
    keeper.show("Overview")
    window.docks["matrix"].hide()
    window.actions_by_name["new_waveforms"].trigger()
    user.settle()
    mine = visible(user)
    assert "waveforms 2" in mine
    keeper.save("  My   two ")
    keeper.show("Classic")
    window.extra_views.remove("waveforms 2")
    user.settle()
    assert "waveforms 2" not in visible(user)
    keeper.show("my two")
    user.settle()
    assert visible(user) == mine
    check_reachable(user)
    assert keeper.names == [*LAYOUTS, "My two"]
    for name, words in (("classic", "comes with the program"), ("  ", "needs a name")):
        with pytest.raises(EditError, match=words):
            keeper.save(name)
    with pytest.raises(EditError, match="no layout 'other'; there are Classic"):
        keeper.show("other")
    keeper.show("Overview")
    keeper.save("MY TWO")
    assert keeper.names == [*LAYOUTS, "MY TWO"]
    keeper.show("Classic")
    keeper.show("MY TWO")
    assert "waveforms 2" not in visible(user)
    assert "scatter" in visible(user)
    keeper.delete("MY TWO")
    assert keeper.names == list(LAYOUTS)
    assert settings.get("layouts") is None


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Classic", "Merge"])
def test_a_saved_layout_keeps_its_shares_in_a_window_of_another_size(
    demo: Path, open_window: Callable[..., Any], name: str
) -> None:
    user = open_window(demo)
    window, keeper = user.window, user.window.layout_keeper

    def sizes() -> dict[str, tuple[int, int]]:
        user.settle()
        docks = {n: d for n, d in window.docks.items() if d.is_on_screen}
        return {n: (d.width(), d.height()) for n, d in docks.items()}

    window.resize(1880, 1000)
    keeper.show(name)
    large = sizes()
    keeper.save("mine")
    window.resize(1366, 768)
    keeper.show(name)
    small = sizes()
    keeper.show("mine")
    # Of a group of docks in tabs, the tabs do not shrink; and the tables have a little more than
    # their share of a small window where that is arranged anew.
    for dock, size in sizes().items():
        assert size == pytest.approx(small[dock], abs=12 + 28), dock
    # However often it is shown and kept, it does not wander.
    keeper.save("small")
    before = sizes()
    window.resize(1366, 760)
    for _ in range(5):
        keeper.show("small")
        keeper.save("small")
    for dock, size in sizes().items():
        assert size == pytest.approx(before[dock], abs=12), dock
    window.resize(1880, 1000)
    keeper.show("mine")
    assert sizes() == large


@pytest.mark.slow
def test_layout_extra_views_and_settings_outlive_the_window(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    window = user.window
    window.layout_keeper.show("Split")
    window.actions_by_name["new_features"].trigger()
    user.settle()
    second = window.view_docks["features 2"]
    assert second.windowTitle() == "Features 2"
    second.view.change_params(n_spikes=77, x_channel=3)
    window.view_docks["features"].view.change_params(dim_masked=False)
    user.settle()
    before = visible(user)
    window.close()

    again = open_window(demo)
    assert visible(again) == before
    check_reachable(again)
    params = again.window.view_docks["features 2"].view.params
    assert (params.n_spikes, params.x_channel) == (77, 3)
    assert again.window.view_docks["features"].view.params == FeatureParams(dim_masked=False)
    # Closing it is for good, and nothing holds it any longer.
    view = again.window.view_docks["features 2"].view
    (x0, x1), (y0, y1) = view.cells[0].x.view, view.cells[0].y.view
    middle = (x0 + x1) / 2, (y0 + y1) / 2
    again.lasso(view, 0, [middle, (0.9 * x1 + 0.1 * x0, middle[1]), (middle[0], y0)])
    assert again.window.lasso_dock() is again.window.view_docks["features 2"]
    again.window.view_docks["features 2"].close()
    again.qtbot.waitUntil(lambda: "features 2" not in again.window.docks, timeout=5_000)
    assert again.window.lasso_dock() is again.window.linking._drawn_in is None
    again.window.close()
    assert "features 2" not in open_window(demo).window.docks


@pytest.mark.parametrize("how", ["given back before", "hidden before"])
@pytest.mark.slow
def test_a_layout_that_is_kept_is_the_one_that_was_seen(
    demo: Path, open_window: Callable[..., Any], settings: Settings, how: str
) -> None:
    """A window that closes has given its canvases back, or is out of sight: docks have moved."""
    user = open_window(demo)
    user.window.layout_keeper.show("Split")
    user.settle()
    places = {name: d.geometry() for name, d in user.window.docks.items() if d.is_on_screen}
    user.window.close()
    kept = settings.get("layout/last")

    again = open_window(demo).window
    assert {n: d.geometry() for n, d in again.docks.items() if d.is_on_screen} == places
    if how == "given back before":
        again.dispose()
    else:
        again.hide()
    QTest.qWait(50)
    again.close()
    assert settings.get("layout/last") == kept


@pytest.fixture
def others(demo: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Other datasets, alike: ``others("b")``."""

    def copy(name: str) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        for source in demo.parent.glob("demo.*"):
            if source.is_file():
                shutil.copyfile(source, folder / source.name)
        return folder / "demo.kwik"

    return copy


@pytest.mark.slow
def test_another_dataset_takes_the_settings_that_mean_something_there(
    demo: Path, others: Callable[[str], Path], open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    user.view("features").change_params(n_spikes=50, x_channel=2)
    user.settle()
    user.window.close()
    assert open_window(others("b")).view("features").params == FeatureParams(n_spikes=50)


@pytest.mark.slow
def test_what_the_user_changed_holds_in_all_datasets_but_where_it_was_changed_too(
    demo: Path, others: Callable[[str], Path], open_window: Callable[..., Any]
) -> None:
    paths = {"a": demo, "b": others("b"), "c": others("c")}

    def visit(name: str, **changes: Any) -> CorrelogramParams:
        """Open a dataset, change settings of the correlograms, close it; what it began with."""
        user = open_window(paths[name])
        view = user.view("correlograms")
        begun = view.params
        view.change_params(**changes)
        user.settle()
        user.window.close()
        return begun

    mine = CorrelogramParams(bin_ms=0.5, window_ms=100.0)
    assert visit("a") == CorrelogramParams()
    visit("b", bin_ms=0.5, window_ms=100.0)
    # Closing a dataset in which nothing was changed changes nothing, here or elsewhere.
    assert visit("a") == mine
    assert visit("c") == mine
    assert visit("b") == mine
    # What is changed in one holds in the others, but for where it was changed as well.
    visit("a", window_ms=20.0)
    assert visit("c") == replace(mine, window_ms=20.0)
    assert visit("b") == mine
    # The default, set again, is a change like any other.
    visit("a", bin_ms=1.0, window_ms=50.0)
    assert visit("a") == CorrelogramParams()
    assert visit("c") == CorrelogramParams()
    assert visit("b") == mine


@pytest.mark.slow
@pytest.mark.roomy
def test_scale_filter_and_order_belong_to_a_dataset(
    demo: Path,
    others: Callable[[str], Path],
    open_window: Callable[..., Any],
    settings: Settings,
) -> None:
    names = ("waveforms", "traces", "features")
    # As an older version has kept them, for all datasets.
    settings.set("views/waveforms", {"data_scale": 3.0})
    settings.set("tables/clusters", {"sort": [["id", True]], "filter": "id < 3"})

    def look(user: Any) -> tuple[list[float], str, list[tuple[str, bool]]]:
        table = user.window.cluster_table
        rows = table.model.cluster_ids
        assert rows == user.session.navigation.clusters.cluster_ids()
        assert (len(rows) < len(user.session.spikes_per_cluster)) == bool(table.filter.text())
        scales = [user.view(name).data_scale for name in names]
        return scales, table.filter.text(), user.session.navigation.clusters.order

    as_new = [1.0] * 3, "", [("quality", False), ("id", True)]
    user = open_window(demo)
    assert look(user) == as_new
    for name in names:
        user.view(name)._turn("data_scale", 4)
    user.press(Qt.Key.Key_F, CTRL)
    sizes = sorted(map(len, user.session.spikes_per_cluster.values()))
    type_line(user, text := f"n_spikes > {sizes[4]}")
    header = user.window.cluster_table.view.horizontalHeader()
    section = user.window.cluster_table.column_names.index("depth")
    at = QPoint(header.sectionViewportPosition(section) + 8, header.height() // 2)
    QTest.mouseClick(
        header.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at
    )
    user.settle()
    mine = [1.8] * 3, text, [("depth", False), ("quality", False), ("id", True)]
    assert look(user) == mine
    rows = user.window.cluster_table.model.cluster_ids
    for key, row in (
        (Qt.Key.Key_Home, 0),
        (Qt.Key.Key_Down, 1),
        (Qt.Key.Key_End, -1),
        (Qt.Key.Key_Up, -2),
    ):
        user.press(key)
        assert shown(user)[0] == [rows[row]]
    user.window.close()
    other = open_window(others("b"))
    assert look(other) == as_new
    other.window.close()
    assert look(open_window(demo)) == mine


@pytest.mark.slow
def test_the_dialog_shows_numbers_as_short_as_they_are(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    view = user.view("features")
    view.change_params(marker_size=5.0)
    QTest.mouseClick(
        user.window.view_docks["features"].title_bar.buttons["settings"], Qt.MouseButton.LeftButton
    )
    [dialog] = user.window.findChildren(ParameterDialog)
    spin = dialog.editors["marker_size"]
    assert spin.text() == "5 px"
    view.on_alt_wheel(1)
    assert spin.text() == "6 px"
    view.on_alt_wheel(-3)
    assert spin.text() == "4 px"
    view.on_alt_wheel(-1)
    assert spin.text() == "3.5 px"
    spin.stepUp()
    assert view.marker_size == 4.0
    spin.lineEdit().setText("2.25 px")
    spin.interpretText()
    assert view.marker_size == 2.25
    assert spin.text() == "2.25 px"
    spin.setValue(20.0)
    assert spin.text() == "20 px"
    assert dialog.editors["data_scale"].text() == "1 ×"


@pytest.mark.slow
def test_defaults_are_restored_for_the_dataset_and_for_the_user(
    demo: Path, others: Callable[[str], Path], open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    user.view("features").change_params(n_spikes=50, x_channel=2)
    user.window.extra_views.remember()
    title = user.window.view_docks["features"].title_bar
    QTest.mouseClick(title.buttons["settings"], Qt.MouseButton.LeftButton)
    [dialog] = user.window.findChildren(ParameterDialog)
    buttons = dialog.findChild(QDialogButtonBox)
    QTest.mouseClick(
        buttons.button(QDialogButtonBox.StandardButton.RestoreDefaults), Qt.MouseButton.LeftButton
    )
    QTest.mouseClick(buttons.button(QDialogButtonBox.StandardButton.Ok), Qt.MouseButton.LeftButton)
    user.settle()
    user.window.close()
    for path in (demo, others("b")):
        assert open_window(path).view("features").params == FeatureParams()


@pytest.mark.slow
def test_a_second_window_does_not_undo_what_was_set_in_the_first(
    demo: Path, others: Callable[[str], Path], open_window: Callable[..., Any], settings: Settings
) -> None:
    first, second = open_window(demo), open_window(others("b"))
    first.view("features").change_params(n_spikes=50)
    second.view("features").change_params(dim_masked=False)
    first.settle()
    second.settle()
    first.window.close()
    second.window.close()
    assert settings.get("views/features") == {"n_spikes": 50, "dim_masked": False}


UNREADABLE: list[Any] = [
    {"docks": "bm9uc2Vuc2U=", "extras": ["x 2", "features 0", 3]},
    {"docks": 5},
    {"docks": "", "window": [800, 600], "area": [0, 600], "sizes": {"features": [1]}},
    {"docks": "", "window": [800, 600], "area": [800, 600], "sizes": {"features": ["x"]}},
    [1],
]


@pytest.mark.parametrize(
    "stored", [UNREADABLE[0], *(pytest.param(s, marks=pytest.mark.slow) for s in UNREADABLE[1:])]
)
def test_an_unreadable_layout_falls_back_to_the_default(
    demo: Path, open_window: Callable[..., Any], settings: Settings, stored: Any
) -> None:
    classic = set(names_in(LAYOUTS["Classic"]))
    settings.set("layout/last", stored)
    user = open_window(demo)
    assert visible(user) == classic & set(user.window.docks)
    check_reachable(user)


def test_the_settings_dialog_changes_at_once_resets_and_takes_back(
    demo: Path, open_window: Callable[..., Any], settings: Settings
) -> None:
    user = open_window(demo)
    view = user.view("features")

    def open_dialog() -> ParameterDialog:
        buttons = user.window.view_docks["features"].title_bar.buttons
        QTest.mouseClick(buttons["settings"], Qt.MouseButton.LeftButton)
        return user.window.findChildren(ParameterDialog)[-1]

    dialog = open_dialog()
    spin, check = dialog.editors["n_spikes"], dialog.editors["dim_masked"]
    assert isinstance(spin, QSpinBox)
    assert isinstance(check, QCheckBox)
    spin.setValue(40)
    check.setChecked(False)
    assert view.params == FeatureParams(n_spikes=40, dim_masked=False)
    user.settle()
    assert dialog.summary.text() == f"Shown: 80 of {view.data.n_spikes:,} spikes"
    dialog.accept()
    assert settings.get("views/features") == {"n_spikes": 40, "dim_masked": False}

    dialog = open_dialog()
    buttons = dialog.findChild(QDialogButtonBox)
    buttons.button(QDialogButtonBox.StandardButton.RestoreDefaults).click()
    assert view.params == FeatureParams()
    dialog.reject()
    assert view.params == FeatureParams(n_spikes=40, dim_masked=False)


def test_every_setting_is_explained_in_its_dialog(onlooker: Any) -> None:
    user = onlooker
    for name, dock in user.window.view_docks.items():
        dialog = ParameterDialog(dock, dock.view)
        assert dialog.editors, name
        for setting, editor in dialog.editors.items():
            assert editor.toolTip(), (name, setting)
        if name == "rates":
            assert dialog.editors["bin"].text() == "automatic"
        dialog.reject()


def test_a_view_has_one_settings_dialog_which_goes_when_it_is_closed(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    window = user.window

    def dialogs() -> list[ParameterDialog]:
        return window.findChildren(ParameterDialog)

    for _ in range(2):
        QTest.mouseClick(
            window.view_docks["features"].title_bar.buttons["settings"], Qt.MouseButton.LeftButton
        )
    assert len(dialogs()) == 1
    QTest.mouseClick(
        window.view_docks["waveforms"].title_bar.buttons["settings"], Qt.MouseButton.LeftButton
    )
    one, other = dialogs()
    one.accept()
    other.reject()
    user.qtbot.waitUntil(lambda: not dialogs(), timeout=5_000)
    # A view that still emits reaches no dialog that is gone.
    user.view("features").change_params(n_spikes=60)
    user.settle()


def test_cancel_takes_back_what_the_dialog_changed_and_no_more(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    dock, view = user.window.view_docks["traces"], user.view("traces")
    QTest.mouseClick(dock.title_bar.buttons["settings"], Qt.MouseButton.LeftButton)
    [dialog] = user.window.findChildren(ParameterDialog)
    dialog.editors["order"].setCurrentText("index")
    dialog.editors["refractory_ms"].setValue(5.0)
    # Meanwhile the traces are moved with the keys, and one setting is changed again.
    QTest.keyClick(view.native, Qt.Key.Key_Right)
    user.settle()
    moved = view.params.time
    assert moved > 0
    assert dialog.editors["time"].value() == pytest.approx(moved, abs=1e-3)
    view.change_params(refractory_ms=3.0)
    assert dialog.editors["refractory_ms"].value() == 3.0
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert view.params.time == moved
    assert view.params.order == "depth"
    assert view.params.refractory_ms == 3.0


def test_parameters_are_remembered_as_far_as_they_make_sense() -> None:
    params = FeatureParams(n_spikes=20, x_channel=4, show="density", dim_masked=False)
    default = FeatureParams()
    assert params_of(FeatureParams, plain_changes(default, params)) == params
    assert "x_channel" not in plain_changes(default, params, local=False)
    assert plain_changes(params, default)["x_channel"] == -1
    nonsense = {
        "n_spikes": -3,  # below the least
        "x_channel": True,
        "show": "hologram",
        "dim_masked": 1,
        "no_such": 5,
        "grid": 7,
    }
    assert params_of(FeatureParams, nonsense) == FeatureParams()
    assert params_of(FeatureParams, ["n_spikes"]) == FeatureParams()


def test_one_key_gives_a_view_the_whole_window_and_back(onlooker: Any) -> None:
    user = onlooker
    window, keeper = user.window, user.window.layout_keeper
    features = window.view_docks["features"]
    places = {name: d.geometry() for name, d in window.docks.items() if d.is_on_screen}
    QCursor.setPos(features.mapToGlobal(features.rect().center()))
    user.press(Qt.Key.Key_Z)
    assert keeper.maximised == "features"
    assert [d for d in window.docks.values() if d.is_on_screen] == [features]
    assert features.width() > 0.95 * window.width()
    # The walk goes on; the others load nothing.
    before, loaded = user.session.selected, window.view_docks["correlograms"].work.n_computed
    QTest.keyClick(features.view.native, Qt.Key.Key_Down)
    user.settle()
    assert user.session.selected != before
    assert window.view_docks["correlograms"].work.n_computed == loaded
    QTest.keyClick(features.view.native, Qt.Key.Key_Z)
    user.settle()
    assert not keeper.maximised
    now = {name: d.geometry() for name, d in window.docks.items() if d.is_on_screen}
    assert now == places
    assert user.view("correlograms").drawn.cluster_ids == tuple(user.session.selected)
    # Closing the one that fills the window leaves the window to the others.
    QCursor.setPos(features.mapToGlobal(features.rect().center()))
    user.press(Qt.Key.Key_Z)
    features.close()
    user.settle()
    assert window.docks["correlograms"].is_on_screen
    assert not features.is_on_screen

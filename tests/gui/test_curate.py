"""Curating with the keys and the mouse, from opening to what h5py then reads from the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt

from phygui import Session
from phygui.analysis import points_in_polygon
from phygui.curation import Selection
from phygui.gui.base.delays import DELAYS


def everything(path: Path) -> dict[str, Any]:
    """All attributes and datasets of an HDF5 file, by path."""
    content: dict[str, Any] = {}

    def visit(name: str, item: Any) -> None:
        for key, value in item.attrs.items():
            content[f"{name}@{key}"] = repr(value)
        if isinstance(item, h5py.Dataset):
            content[name] = (item.dtype, item.shape, item[()].tobytes())

    with h5py.File(path, "r") as file:
        visit("/", file)
        file.visititems(visit)
    return content


def saved_clusters(path: Path) -> np.ndarray:
    with h5py.File(path, "r") as file:
        return file["/channel_groups/0/spikes/clusters/main"][()]


def feature(session: Session, spikes: np.ndarray, key: str) -> np.ndarray:
    """A feature of some spikes as the file holds it; its key is ``"channel:component"``."""
    model = session.model
    channel, component = map(int, key.split(":"))
    column = channel * model.n_features_per_channel + component
    return np.asarray(model.features[spikes, column], dtype=float)


def lasso_of_half(session: Session, view: Any, cluster: int) -> tuple[int, np.ndarray]:
    """A cell of the feature grid without time, and a rectangle over the left half of a cluster.

    The cluster itself may lie on one side of the cell, which shows spikes of others as well.
    """
    cell = next(i for i, c in enumerate(view.cells) if "time" not in (c.x.key, c.y.key))
    x, y = view.cells[cell].x, view.cells[cell].y
    middle = np.median(feature(session, session.spikes_per_cluster[cluster], x.key))
    left = x.view[0] + 0.02 * np.ptp(x.view)
    bottom, top = y.view[0] + 0.02 * np.ptp(y.view), y.view[1] - 0.02 * np.ptp(y.view)
    return cell, np.array([(left, bottom), (middle, bottom), (middle, top), (left, top)])


@pytest.mark.parametrize(
    "name", ["hybrid_10sec", pytest.param("simulated_20sec", marks=pytest.mark.slow)]
)
def test_merge_undo_split_move_and_save_by_keys(
    copy_dataset: Callable[..., Path], open_window: Callable[..., Any], name: str
) -> None:
    path = copy_dataset(name)
    before = everything(path)
    user = open_window(path)
    session = user.session
    original = session.spike_clusters.copy()

    # Merge two clusters with G; Ctrl+Z brings them back; redo it.
    user.select(4, 9)
    assert session.selected == [4, 9]
    expected = np.flatnonzero(np.isin(original, [4, 9]))
    user.press(Qt.Key.Key_G)
    merged = int(original.max()) + 1
    assert session.spikes_per_cluster[merged].tolist() == expected.tolist()
    assert not {4, 9} & set(session.cluster_ids.tolist())
    assert session.selection.best == (merged,)
    assert user.window.isWindowModified()
    user.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert session.spike_clusters.tolist() == original.tolist()
    assert session.selected == [4, 9]
    assert not user.window.isWindowModified()
    user.press(Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert session.spikes_per_cluster[merged].tolist() == expected.tolist()

    # Split with a lasso and K: the spikes inside, and the rest.
    target = int(np.bincount(original).argmax())
    user.select(target)
    features = user.view("features")
    cell, corners = lasso_of_half(session, features, target)
    user.lasso(features, cell, corners)
    assert features.lasso is not None
    inside = features.spikes_in_lasso(
        session.snapshot(), features.params, features.lasso, lambda: False
    )
    old = session.spikes_per_cluster[target]
    assert 0 < len(inside) < len(old)
    user.press(Qt.Key.Key_K)
    new_in, new_out = session.selected
    assert session.spikes_per_cluster[new_in].tolist() == inside.tolist()
    assert session.spikes_per_cluster[new_out].tolist() == np.setdiff1d(old, inside).tolist()
    assert features.lasso is None

    # Call one Good, save, and read the file with h5py.
    user.select(new_in)
    user.press(Qt.Key.Key_G, Qt.KeyboardModifier.AltModifier)
    assert session.cluster_groups[new_in] == "good"
    user.press(Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    user.qtbot.waitUntil(lambda: not session.is_modified, timeout=20_000)
    assert not user.window.isWindowModified()
    assert "saved" in user.message
    after = everything(path)
    assert saved_clusters(path).tolist() == session.spike_clusters.tolist()
    written = "channel_groups/0/clusters/main/"
    with h5py.File(path, "r") as file:
        assert file[f"{written}{new_in}"].attrs["cluster_group"] == 2
        assert file[f"{written}{new_out}"].attrs["cluster_group"] == 3
    changed = {key for key in before if after.get(key) != before[key]}
    assert changed == {"channel_groups/0/spikes/clusters/main"}
    new = {key for key in after if key not in before}
    ids = (merged, new_in, new_out)
    assert all(any(key.startswith(f"{written}{i}") for i in ids) for key in new)
    assert (path.parent / f"{path.stem}.kwik.bak").exists()
    assert everything(path.parent / f"{path.stem}.kwik.bak") == before

    # What was saved is there when it is opened again.
    with Session.open(path) as again:
        assert again.spike_clusters.tolist() == session.spike_clusters.tolist()
        assert again.cluster_groups == session.cluster_groups


def test_a_split_takes_all_spikes_also_those_not_drawn(
    copy_dataset: Callable[..., Path], open_window: Callable[..., Any]
) -> None:
    """The lasso's meaning, computed here from the raw features of the file."""
    path = copy_dataset("hybrid_10sec")
    user = open_window(path)
    target = int(np.bincount(user.session.spike_clusters).argmax())
    user.select(target)
    view = user.view("features")
    cell, corners = lasso_of_half(user.session, view, target)
    user.lasso(view, cell, corners, close=False)
    spikes = user.session.spikes_per_cluster[target]
    axes = view.cells[cell].x, view.cells[cell].y
    points = np.stack([feature(user.session, spikes, axis.key) for axis in axes], axis=1)
    expected = spikes[points_in_polygon(points, view.lasso.points)]
    assert 0 < len(expected) < len(spikes)
    user.press(Qt.Key.Key_K)
    assert user.session.spikes_per_cluster[user.session.selected[0]].tolist() == expected.tolist()


def test_merging_the_pair_of_the_demo_gives_the_units_exact_spikes(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    with np.load(demo.with_name("demo.ground_truth.npz")) as truth:
        first, second = truth["merge_0"].tolist()
        units = truth["units_0"]
    user = open_window(demo)
    user.select(first, second)
    user.press(Qt.Key.Key_G)
    merged = user.session.selection.best[0]
    spikes = user.session.spikes_per_cluster[merged]
    unit = units[spikes[0]]
    assert spikes.tolist() == np.flatnonzero(units == unit).tolist()


@pytest.mark.slow
def test_group_keys_move_best_match_and_all(demo: Path, open_window: Callable[..., Any]) -> None:
    user = open_window(demo)
    session = user.session
    first = session.cluster_ids[:6].tolist()
    for letter, group in (("G", "good"), ("M", "mua"), ("N", "noise"), ("U", "unsorted")):
        key = getattr(Qt, f"Key_{letter}")
        others = {"good": "mua", "mua": "noise", "noise": "unsorted", "unsorted": "good"}
        for modifier, chosen in (
            (Qt.KeyboardModifier.AltModifier, first[:2]),
            (Qt.KeyboardModifier.ControlModifier, first[2:4]),
            (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier, first[:4]),
        ):
            for cluster in first[:4]:
                if session.cluster_groups[cluster] != others[group]:
                    session.move([cluster], others[group])
            session.select(first[:2], first[2:4])
            user.settle()
            user.press(key, modifier)
            now = session.cluster_groups
            assert [c for c in first if now[c] == group and c in first[:4]] == chosen
            table = user.window.cluster_table.model
            row = table.row_of(chosen[0])
            column = [c.name for c in table.columns].index("group")
            assert group in table.index(row, column).data()


def test_the_first_cluster_follows_what_becomes_known_until_it_is_left(
    demo: Path, open_window: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The first choice is made before anything is known, as on a slow machine.
    monkeypatch.setattr(DELAYS, "first_choice_ms", 0)
    user = open_window(demo)
    first = user.session.wizard.end(Selection(), first=True)
    assert user.session.selection == first
    assert first.match
    assert user.session.cluster_ids[0] != first.best[0], "the first one in the file tests nothing"


def test_a_cluster_that_the_user_chose_stays(
    demo: Path, open_window: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DELAYS, "first_choice_ms", 0)
    user = open_window(demo)
    user.window.first_choice.count_as_chosen()
    user.select(int(user.session.wizard.best_queue()[3]))
    chosen = user.session.selection
    user.window.first_choice.follow()
    user.settle()
    assert user.session.selection == chosen


def test_a_lasso_keeps_the_cluster_that_it_is_drawn_around(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    window, session, view = user.window, user.session, user.view("features")
    session.select([int(session.wizard.best_queue()[3])])
    user.settle()
    chosen = session.selection
    window.first_choice.count_as_chosen()
    (x0, x1), (y0, y1) = view.cells[1].x.view, view.cells[1].y.view
    user.lasso(view, 1, [((x0 + x1) / 2, (y0 + y1) / 2)], close=False)
    window.first_choice.follow()
    user.settle()
    assert session.selection == chosen
    assert len(view.lasso.points) == 1
    user.press(Qt.Key.Key_Escape)


@pytest.mark.slow
def test_keys_walk_in_the_order_that_a_click_on_a_title_makes(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    table, session = user.window.cluster_table, user.session
    header = table.view.horizontalHeader()
    column = table.column_names.index("n_spikes")
    sizes = {int(c): len(spikes) for c, spikes in session.spikes_per_cluster.items()}
    orders = []
    for _ in range(2):
        x = header.sectionViewportPosition(column) + header.sectionSize(column) // 2
        at = QPoint(x, header.height() // 2)
        user.qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=at)
        user.settle()
        order = list(table.model.cluster_ids)
        orders.append([sizes[c] for c in order])
        seen = []
        for key in (Qt.Key.Key_Home, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Up):
            user.press(key)
            seen.append(session.selection.best[0])
        assert seen == [order[0], order[1], order[2], order[1]]
        user.press(Qt.Key.Key_End)
        assert session.selection.best[0] == order[-1]
    assert orders[0] == sorted(orders[0], reverse=orders[0][0] > orders[0][-1])
    assert orders[0] != orders[1] == sorted(orders[1], reverse=orders[1][0] > orders[1][-1])


@pytest.mark.slow
def test_keys_walk_only_what_the_filter_shows(demo: Path, open_window: Callable[..., Any]) -> None:
    user = open_window(demo)
    table = user.window.cluster_table
    table.filter.setText("n_spikes > 200")
    shown = set(table.model.cluster_ids)
    assert 1 < len(shown) < len(user.session.cluster_ids)
    user.press(Qt.Key.Key_Home)
    seen = [user.session.selection.best[0]]
    for _ in range(len(shown) + 1):
        user.press(Qt.Key.Key_Down)
        seen.append(user.session.selection.best[0])
    assert set(seen) == shown
    assert table.selected == [seen[-1]]
    # The matches are those of all clusters.
    assert {c for c, _ in user.session.similar()} | {seen[-1]} == set(
        user.session.cluster_ids.tolist()
    )

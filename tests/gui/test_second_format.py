"""The proof of the door: a format that the package knows nothing of, in the real window.

``tests/dataset/npy_folder.py`` is the format; the fixture ``distribution`` registers it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

from phygui.views import VIEWS
from phygui.views.core.base import Empty
from phygui.views.core.export import render


@pytest.fixture
def folder(distribution: Path, tmp_path: Path) -> Path:
    from npy_folder import write  # type: ignore[import-not-found]

    return write(tmp_path)


CURATES_UNTIL_IT_IS_KILLED = """
import os, signal, sys
from qtpy.QtCore import Qt, QTimer
from qtpy.QtTest import QTest
from phygui.cli import gui
from phygui.gui.app.app import Application

def curate(window):
    session, table = window.session, window.cluster_table
    window.activateWindow()
    while not window.isActiveWindow():
        yield
    session.select([5, 6])
    yield
    QTest.keyClick(table.view, Qt.Key.Key_G)
    yield
    session.select([0])
    yield
    QTest.keyClick(table.view, Qt.Key.Key_N, Qt.KeyboardModifier.AltModifier)
    yield
    # What the window shows is on the disk.
    assert session.n_unsaved == 2, session.history
    os.kill(os.getpid(), signal.SIGKILL)

def run(application):
    steps = curate(*application.windows)
    timer = QTimer()
    timer.timeout.connect(lambda: application.windows[0].is_settled and next(steps))
    timer.start(20)
    QTimer.singleShot(60_000, lambda: os._exit(3))
    return application.app.exec()

Application.run = run
sys.argv = ["phy-gui", sys.argv[1]]
gui()
"""


@pytest.mark.slow
def test_curated_by_keys_killed_recovered_saved_and_reopened(
    folder: Path, distribution: Path, open_window: Callable[..., Any]
) -> None:
    # The command opens a window on the folder; it merges and moves, and is killed.
    paths = os.pathsep.join([str(distribution), *filter(None, sys.path)])
    killed = subprocess.run(
        [sys.executable, "-c", CURATES_UNTIL_IT_IS_KILLED, str(folder)],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert np.load(folder / "clusters" / "main.npy").max() == 6, "nothing was saved"

    # The next window offers the edits, and brings them back.
    user = open_window(folder)
    session = user.session
    user.qtbot.waitUntil(lambda: user.window.saving.question is not None, timeout=10_000)
    box = user.window.saving.question
    assert "merged 5 and 6 into 7" in box.informativeText()
    user.qtbot.mouseClick(
        next(b for b in box.buttons() if b.text().replace("&", "") == "Bring them back"),
        Qt.MouseButton.LeftButton,
    )
    user.settle()
    assert session.cluster_ids.tolist() == [0, 1, 2, 3, 4, 7]
    assert session.group_of(0) == "noise"

    # Split by a lasso in the sparse features, undo, redo, call one good, save: all by keys.
    user.select(7)
    features = user.view("features")
    cell, axes = next(
        (i, c) for i, c in enumerate(features.cells) if "time" not in (c.x.key, c.y.key)
    )
    x0, x1 = axes.x.view
    y0, y1 = (0.98 * y for y in axes.y.view)
    left, middle = 0.98 * x0, 0.5 * (x0 + x1)
    user.lasso(features, cell, [(left, y0), (middle, y0), (middle, y1), (left, y1)])
    before = session.spikes_per_cluster[7]
    user.press(Qt.Key.Key_K)
    inside, outside = session.selected
    parts = [session.spikes_per_cluster[c] for c in (inside, outside)]
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), before)
    user.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert session.selected == [7]
    user.press(Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    user.select(inside)
    user.press(Qt.Key.Key_G, Qt.KeyboardModifier.AltModifier)
    user.press(Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    user.qtbot.waitUntil(lambda: not session.is_modified, timeout=10_000)
    expected = np.array(session.spike_clusters)
    user.window.close()
    np.testing.assert_array_equal(np.load(folder / "clusters" / "main.npy"), expected)

    # The window opens again on what was saved, and every view shows something of it.
    user = open_window(folder)
    assert user.window.saving.question is None
    np.testing.assert_array_equal(user.session.spike_clusters, expected)
    table = user.window.cluster_table.model
    columns = {column.name: column for column in table.columns}
    groups = {c: table.text(c, columns["group"]).split()[1] for c in (0, inside, outside)}
    assert groups == {0: "noise", inside: "good", outside: "unsorted"}
    user.select(inside, outside)
    for kind in VIEWS:
        user.window.show_dock(kind)
        user.settle()
        view = user.view(kind)
        assert not isinstance(view.data, Empty), (kind, view.data.reason)
        picture = render(view, 1.0)[..., :3].astype(np.int16)
        assert np.count_nonzero(np.ptp(picture, axis=2) > 40) > 10, kind

    # What only this format holds is named in filters.
    sizes = np.load(folder / "sizes.npy")
    medians = {c: np.median(sizes[s]) for c, s in user.session.spikes_per_cluster.items()}
    user.qtbot.waitUntil(lambda: not user.session.knowledge.missing_metrics(), timeout=20_000)
    user.window.cluster_table.filter.setText("spike_size > 250")
    assert {*table.cluster_ids} == {c for c, m in medians.items() if m > 250}


def test_sparse_features_look_like_dense_ones(folder: Path) -> None:
    from phygui import open_dataset

    shank = open_dataset(folder).open()
    assert shank.features is not None
    spikes = np.array([4, 900 - 1, 17])
    values, masks = shank.features.read(spikes, np.array([11, 0, 3]))
    whole, all_masks = shank.features.read(spikes)
    np.testing.assert_array_equal(values, whole[:, [11, 0, 3]])
    np.testing.assert_array_equal(masks, all_masks[:, [11, 0, 3]])
    assert not whole[all_masks == 0].any()

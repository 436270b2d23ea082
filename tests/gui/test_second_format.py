"""The proof of the door: a format that the package knows nothing of, in the real window.

``tests/dataset/npy_folder.py`` is the format; the fixture ``distribution`` registers it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PyQt5.QtCore import Qt

from phygui import Session
from phygui.views import VIEWS
from phygui.views.core.base import Empty

NEEDS = {"events": "There are no events"}
"""Views that say why they are empty: the dataset has no stimulus."""


@pytest.fixture
def folder(distribution: Path, tmp_path: Path) -> Path:
    from npy_folder import write  # type: ignore[import-not-found]

    return write(tmp_path)


def test_curated_by_keys_saved_and_reopened(folder: Path, open_window: Callable[..., Any]) -> None:
    user = open_window(folder)
    assert user.session.cluster_ids.tolist() == list(range(7))
    user.select(5, 6)
    user.press(Qt.Key_G)
    merged = user.session.cluster_ids.tolist()[-1]
    user.press(Qt.Key_G, Qt.AltModifier)
    assert user.session.group_of(merged) == "good"
    user.select(0)
    user.press(Qt.Key_N, Qt.AltModifier)
    user.press(Qt.Key_Z, Qt.ControlModifier)
    user.press(Qt.Key_S, Qt.ControlModifier)
    user.qtbot.waitUntil(lambda: not user.session.is_modified, timeout=10_000)
    expected = np.array(user.session.spike_clusters)
    user.window.close()

    np.testing.assert_array_equal(np.load(folder / "clusters" / "main.npy"), expected)
    with Session.open(folder) as session:
        np.testing.assert_array_equal(session.spike_clusters, expected)
        assert session.group_of(merged) == "good"
        assert session.group_of(0) == "unsorted"


def test_every_view_works_on_it(folder: Path, open_window: Callable[..., Any]) -> None:
    user = open_window(folder)
    user.select(5, 6)
    for kind in VIEWS:
        cls = VIEWS[kind]
        data = cls.load(user.session.snapshot(), cls.Params(), lambda: False)
        if kind in NEEDS:
            assert isinstance(data, Empty)
            assert NEEDS[kind] in data.reason
            continue
        assert not isinstance(data, Empty), (kind, getattr(data, "reason", ""))
        view = cls()
        view.events.ignore_callback_errors = False
        view.set_data(data)
        picture = render(view)
        assert np.count_nonzero(np.ptp(picture, axis=2) > 40) > 10, kind
        view.close()


def render(view: Any) -> np.ndarray:
    from phygui.views.core.export import render as to_pixels

    view.native.resize(500, 400)
    return to_pixels(view, 1.0)[..., :3].astype(np.int16)


EDITS = """
import os, sys
from phygui import Session
session = Session.open(sys.argv[1])
session.merge([5, 6])
session.move([0], "noise")
os._exit(9)
"""


def test_edits_are_recovered_after_a_kill(folder: Path, distribution: Path) -> None:
    paths = os.pathsep.join([str(distribution), *filter(None, sys.path)])
    run = subprocess.run(
        [sys.executable, "-c", EDITS, str(folder)], env={**os.environ, "PYTHONPATH": paths}
    )
    assert run.returncode == 9
    with Session.open(folder, recover=True) as session:
        assert session.n_unsaved == 2
        assert 5 not in session.cluster_ids
        assert session.group_of(0) == "noise"
        session.save()
    with Session.open(folder) as session:
        assert not session.unsaved_edits
        assert session.group_of(0) == "noise"


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

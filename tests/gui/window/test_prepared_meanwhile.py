"""A window on a dataset that another process prepares meanwhile: each leaves the other alone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import Qt

from phygui import Session, open_dataset
from phygui.prepare import Prepared, prepare
from phygui.prepare.archive import prepare_all
from phygui.prepare.one import order_of
from phygui.prepare.workers import Workers

CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.mark.slow
def test_it_is_curated_by_keys_and_saved(new_small: Path, open_window: Callable[..., Any]) -> None:
    user = open_window(new_small)
    session = user.session
    done: list[Prepared] = []

    def work() -> None:
        workers = Workers(1)
        try:
            done.extend(
                e.prepared for e in prepare_all([order_of(new_small)], workers) if e.prepared
            )
        finally:
            workers.close()

    thread = threading.Thread(target=work)
    thread.start()
    n_merges = 0
    while thread.is_alive():
        user.select(*session.cluster_ids.tolist()[:2])
        user.press(Qt.Key.Key_G)
        assert session.n_clusters == 14
        user.press(Qt.Key.Key_Z, CTRL)
        assert session.n_clusters == 15
        n_merges += 1
    thread.join()
    assert n_merges
    assert [of.problem for of in done] == [""]
    user.select(*session.cluster_ids.tolist()[:2])
    user.press(Qt.Key.Key_G)
    user.press(Qt.Key.Key_S, CTRL)
    user.qtbot.waitUntil(lambda: not session.is_modified, timeout=10_000)
    state = session.state()
    user.window.close()
    assert open_dataset(new_small).clusterings.read((0, "main")).equals(state)
    # What was prepared of all other clusters is taken.
    with Session.open(new_small, read_only=True) as again:
        again.statistics.recall()
        assert len(again.stats) >= again.n_clusters - 1
    assert prepare(new_small, what="stats").computed["stats"] <= 1

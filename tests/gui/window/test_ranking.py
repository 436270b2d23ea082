"""Choosing what clusters and matches are ranked by, and similarities that take their time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from phygui.analysis import waveform_similarity
from phygui.curation import RankingSpec, choose_ranking, register_ranking
from phygui.curation.statistics.ranking_spec import _registered
from phygui.gui.actions.actions import BY_NAME
from tests.gui.curator import snippet


@pytest.fixture(autouse=True)
def _defaults() -> Iterator[None]:
    yield
    choose_ranking("similarity", None)
    _registered.clear()


def column(user: Any) -> list[str]:
    """What the column of similarities says, row by row."""
    table = user.window.match_table
    similarity = table.model.columns[table.column_names.index("similarity")]
    return [table.model.text(c, similarity) for c in table.model.cluster_ids]


def test_one_is_chosen_from_a_list_and_kept(demo: Path, open_window: Callable[..., Any]) -> None:
    register_ranking(
        RankingSpec("similarity", "absent", "one", waveform_similarity, requires="no_")
    )
    user = open_window(demo)
    session = user.session
    user.window.run(BY_NAME["rankings"])
    chooser = user.window.palette_list
    QTest.keyClicks(chooser.search, "waveforms")
    QTest.keyClick(chooser.search, Qt.Key.Key_Return)
    user.settle()
    assert session.measures.similarity_spec.name == "waveforms"
    assert "matches are ranked by waveforms" in user.message
    best = session.selected[0]
    mine = session.stats[best].summary
    others = [session.stats[c].summary for c in user.window.match_table.model.cluster_ids]
    assert column(user) == [f"{v:.3f}" for v in waveform_similarity([mine], others)[0]]
    assert user.window.settings.get("ranking/similarity") == "waveforms"

    # What cannot be used is in the list, and says why.
    user.window.run(BY_NAME["rankings"])
    chooser = user.window.palette_list
    QTest.keyClicks(chooser.search, "no_ is not installed")
    QTest.keyClick(chooser.search, Qt.Key.Key_Return)
    assert "the package no_ is not installed" in user.message
    assert session.measures.similarity_spec.name == "waveforms"

    snippet(user, "r separation")
    assert session.measures.similarity_spec.name == "separation"
    assert user.window.settings.get("ranking/similarity") is None


def test_what_takes_its_time_is_computed_in_a_worker_and_shown_when_it_comes(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    threads: set[int] = set()

    def slow(a: Any, b: Any) -> Any:
        threads.add(threading.get_ident())
        return np.full((len(a), len(b)), 0.75)

    register_ranking(RankingSpec("similarity", "slow", "slow", slow, is_slow=True))
    user = open_window(demo)
    usual = column(user)
    snippet(user, "r slow")
    assert set(column(user)) == {"0.750"} != set(usual)
    user.press(Qt.Key.Key_Down)
    assert set(column(user)) == {"0.750"}
    user.press(Qt.Key.Key_G)
    assert set(column(user)) == {"0.750"}
    assert threading.get_ident() not in threads
    assert not user.session.measures.problems


@pytest.mark.slow
def test_what_was_chosen_and_is_gone_is_said(demo: Path, open_window: Callable[..., Any]) -> None:
    register_ranking(RankingSpec("similarity", "mine", "mine", waveform_similarity))
    user = open_window(demo)
    snippet(user, "r mine")
    _registered.clear()
    again = open_window(demo, read_only=True)
    assert again.session.measures.similarity_spec.name == "separation"
    assert "no similarity is called 'mine'" in again.session.measures.problems[0]

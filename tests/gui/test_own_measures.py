"""A window on a session whose quality and similarity a script has registered, and which fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

from phygui.analysis import similarity
from phygui.curation import register_quality, register_similarity
from tests.gui.curator import find_column


@pytest.fixture(autouse=True)
def _defaults() -> Iterator[None]:
    yield
    register_quality(None)
    register_similarity(None)


def fails(*_: Any) -> Any:
    raise RuntimeError("no idea")


@pytest.mark.parametrize("returned", [fails, lambda *_: "good"])
def test_the_window_goes_by_the_usual_quality_and_says_why(
    returned: Any, demo: Path, open_window: Callable[..., Any]
) -> None:
    register_quality(returned)
    user = open_window(demo)
    session, table = user.session, user.window.cluster_table
    assert "the quality function" in user.message
    assert "the program's own is used instead" in user.message
    assert user.window.status["edit"].property("wrong") == "true"
    assert session.selected
    values = find_column("quality").values(session, table.model.cluster_ids)
    assert values == sorted(values, reverse=True)
    # It is found again once the status bar says something else.
    user.press(Qt.Key.Key_N, Qt.KeyboardModifier.AltModifier)
    assert "quality" not in user.message
    action = user.window.actions_by_name["remarks"]
    assert action.isEnabled()
    action.trigger()
    assert "the quality function" in user.window.commands._remarks.text.toPlainText()
    user.window.commands._remarks.close()


def test_a_similarity_that_fails_later_leaves_a_table_of_the_usual_ones(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    broken = False

    def own(a: Any, b: Any) -> Any:
        return fails() if broken else np.full((len(a), len(b)), 7.0)

    register_similarity(own)
    user = open_window(demo)
    session, table = user.session, user.window.match_table
    column = table.model.columns[table.column_names.index("similarity")]
    assert {table.model.text(c, column) for c in table.model.cluster_ids} == {"1.000"}
    broken = True
    # Nobody has been there: the first one is followed as more is known of all.
    user.press(Qt.Key.Key_End)
    assert "the similarity function 'own' raised RuntimeError: no idea" in user.message
    stats, best = session.stats, session.selection.best[0]
    for cluster in table.model.cluster_ids:
        expected = similarity([stats[best].summary], [stats[cluster].summary])[0, 0]
        assert table.model.text(cluster, column) == f"{expected:.3f}"


def test_the_matrix_shows_the_similarity_that_the_table_shows(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    broken = False

    def own(a: Any, b: Any) -> Any:
        return fails() if broken else np.full((len(a), len(b)), 0.25)

    register_similarity(own)
    user = open_window(demo)
    user.window.show_dock("matrix")
    user.settle()
    values = user.view("matrix").data.values
    assert set(values[~np.eye(len(values), dtype=bool)]) == {0.25}
    # What is known is kept; a cluster that is new is compared, and the function found to fail.
    broken = True
    user.select(*user.view("matrix").data.cluster_ids[:2])
    user.press(Qt.Key.Key_G)

    def is_usual() -> bool:
        data = user.view("matrix").data
        summaries = [user.session.stats[c].summary for c in data.cluster_ids]
        expected = similarity(summaries, summaries)
        np.fill_diagonal(expected, 0)
        return np.allclose(data.values, expected, atol=1e-6)

    # The merged cluster is estimated first.
    user.qtbot.waitUntil(is_usual, timeout=10_000)

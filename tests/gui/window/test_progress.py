"""Work in the background as a user meets it: progress, stopping, a dataset opened again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.gui.curator import run


@pytest.fixture
def demo(new_demo: Path) -> Path:
    """A demo of which everything is still to be computed."""
    return new_demo


@pytest.mark.slow
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

    monkeypatch.setattr("phygui.curation.statistics.cluster_statistics.stats_steps", forbidden)
    monkeypatch.setattr("phygui.curation.statistics.stats.QualitySource.steps", forbidden)
    again = open_window(demo)
    assert cells(again.window) == before


@pytest.mark.slow
def test_progress_is_shown_and_stops_when_told(
    demo: Path, open_window: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    from phygui.curation.statistics import cluster_statistics as knowledge

    steps = knowledge.stats_steps

    def slowly(*of: Any) -> Any:
        for step in steps(*of):
            time.sleep(0.1)
            yield step

    user = open_window(demo)
    background = user.window.background
    session = user.session
    monkeypatch.setattr(knowledge, "stats_steps", slowly)
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


@pytest.mark.slow
def test_edits_in_quick_succession_do_not_starve_the_statistics(
    demo: Path, open_window: Callable
) -> None:
    user = open_window(demo)
    session = user.session
    session.knowledge.metrics.clear()
    # On a busy machine the first one takes longer than twenty edits.
    for k in range(400):
        session.label(session.cluster_ids[:1].tolist(), "n", str(k))
        user.qtbot.wait(25)
        if session.metrics and k >= 20:
            break
    assert session.metrics
    user.settle()
    assert not session.knowledge.missing_metrics()

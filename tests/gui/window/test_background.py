"""Long work that is stopped, and begun again before it has noticed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from phygui.curation.statistics import cluster_statistics as knowledge
from phygui.curation.suggestions.splitting import splits


class Slow:
    """Work that waits until it is let go on, as that on a large dataset takes long."""

    def __init__(self, work: Callable[..., Any]) -> None:
        self._work = work
        self.has_begun = threading.Event()
        self.may_go_on = threading.Event()

    def __call__(self, *args: Any, **options: Any) -> Any:
        self.has_begun.set()
        assert self.may_go_on.wait(20)
        return self._work(*args, **options)


@pytest.fixture
def demo(new_demo: Path) -> Path:
    """A demo of which everything is still to be computed."""
    return new_demo


@pytest.mark.slow
def test_statistics_go_on_that_were_stopped_for_a_moment(
    demo: Path, open_window: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = open_window(demo)
    background, session = user.window.background, user.session
    slow = Slow(knowledge.stats_steps)
    monkeypatch.setattr(knowledge, "stats_steps", lambda *of: (yield from slow(*of)))
    # What is kept meanwhile finds nothing of the old ones.
    session.knowledge.stats.clear()
    session.knowledge.prints.clear()
    background.request()
    assert slow.has_begun.wait(20)
    background.stop()
    background.resume()
    slow.may_go_on.set()
    user.qtbot.waitUntil(lambda: not session.knowledge.missing_stats(), timeout=10_000)


@pytest.mark.slow
def test_suggestions_are_looked_for_whose_dock_was_hidden_for_a_moment(
    demo: Path, open_window: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = open_window(demo)
    session, dock = user.session, user.window.splits
    slow = Slow(splits.find_parts)
    monkeypatch.setattr(splits, "find_parts", slow)
    dock.bring_to_front()
    user.qtbot.waitUntil(slow.has_begun.is_set, timeout=10_000)
    dock.close()
    dock.bring_to_front()
    user.qtbot.waitUntil(lambda: dock.is_on_screen, timeout=5_000)
    slow.may_go_on.set()
    user.qtbot.waitUntil(lambda: not session.suggestions.missing_splits(), timeout=10_000)


@pytest.mark.slow
def test_metrics_go_on_and_no_progress_is_left_when_suggestions_are_not_looked_at_any_more(
    demo: Path, open_window: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = open_window(demo)
    window, session = user.window, user.session
    slow = Slow(splits.find_parts)
    monkeypatch.setattr(splits, "find_parts", slow)
    session.knowledge.metrics.clear()
    window.splits.bring_to_front()
    # Metrics that were asked for before the dock was seen may come first.
    user.qtbot.waitUntil(slow.has_begun.is_set, timeout=20_000)
    user.qtbot.waitUntil(window.background.line.isVisible, timeout=10_000)
    window.splits.close()
    slow.may_go_on.set()
    user.qtbot.waitUntil(lambda: not session.knowledge.missing_metrics(), timeout=10_000)
    user.qtbot.waitUntil(window.background.line.isHidden, timeout=5_000)

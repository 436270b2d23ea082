"""A dataset opened ahead of its window: what is known by the time the window asks for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from phygui import Session
from phygui.curation.statistics.cluster_statistics import Knowledge
from phygui.errors import DatasetError
from phygui.gui.app.preload import Opening
from phygui.views.trace import signal as trace_signal


@pytest.fixture
def ahead(new_demo: Path) -> Iterator[Callable[[], Opening]]:
    """Open the demo ahead: ``ahead()``; what it has opened is closed."""
    openings: list[Opening] = []

    def open_() -> Opening:
        openings.append(Opening(new_demo, read_only=True))
        return openings[-1]

    yield open_
    for opening in openings:
        opening._prepared.exception(timeout=20)
        opening.result().close()


def test_statistics_are_known_when_nobody_asks_before(
    qtbot: Any, ahead: Callable[[], Opening]
) -> None:
    opening = ahead()
    qtbot.waitUntil(opening._session.done, timeout=20_000)
    session = opening.result()
    assert not session.knowledge.missing_stats()
    assert not session.selected, "which cluster is the first is for the window to choose"


def test_what_pictures_of_the_raw_data_need_is_known(
    monkeypatch: pytest.MonkeyPatch, ahead: Callable[[], Opening]
) -> None:
    opening = ahead()
    session = opening.result()
    opening._prepared.result(timeout=20)

    def read(*args: Any) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr(trace_signal, "_read", read)
    offsets, noise = trace_signal.calibration(session.model, trace_signal.Kind())
    assert offsets.shape == (session.model.n_channels,)
    assert noise > 0


def test_who_asks_waits_for_one_cluster_at_most(
    monkeypatch: pytest.MonkeyPatch, ahead: Callable[[], Opening]
) -> None:
    begun, asked = threading.Event(), threading.Event()
    job_of = Knowledge.job

    def job(knowledge: Knowledge, snapshot: Any) -> Any:
        found = job_of(knowledge, snapshot)
        begun.set()
        assert asked.wait(10)
        return found

    monkeypatch.setattr(Knowledge, "job", job)
    opening = ahead()
    assert begun.wait(10)
    opening._is_wanted.set()
    asked.set()
    session = opening.result()
    assert len(session.knowledge.missing_stats()) >= len(session.cluster_ids) - 1
    # What was not found out ahead is found out later.
    session.learn_stats()
    assert not session.knowledge.missing_stats()


def test_a_file_that_cannot_be_opened_says_so_when_it_is_asked_for(tmp_path: Path) -> None:
    opening = Opening(tmp_path / "gone.kwik")
    with pytest.raises(DatasetError, match=r"gone\.kwik"):
        opening.result()


def test_what_fails_ahead_does_not_keep_the_file_closed(
    monkeypatch: pytest.MonkeyPatch, ahead: Callable[[], Opening]
) -> None:
    def fail(self: Session, stop: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(Session, "learn_stats", fail)
    assert len(ahead().result().cluster_ids) == 12

"""The application: start window, opening from it and from a window, what cannot be opened."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qtpy import sip
from qtpy.QtCore import QCoreApplication, QEvent, Qt

from phygui import Session
from phygui.curation import open_session as open_session_module
from phygui.errors import DatasetError
from phygui.gui.actions.actions import BY_NAME
from phygui.gui.app import app as app_module
from phygui.gui.app.app import Application
from phygui.gui.base.settings import Settings
from phygui.gui.dialogs.choosing import Ask
from phygui.gui.window.guide.first_steps import FirstSteps


def wait_for_window(qtbot: Any, application: Application) -> Any:
    qtbot.waitUntil(lambda: len(application.windows) == 1, timeout=20_000)
    (window,) = application.windows
    qtbot.waitUntil(lambda: window.is_settled, timeout=20_000)
    return window


def test_recent_files_open_from_the_start_window(
    qtbot: Any, application: Application, settings: Settings, hybrid: Path
) -> None:
    settings.add_recent(hybrid)
    settings.add_recent(hybrid.with_name("gone.kwik"))
    start = application.show_start()
    qtbot.waitUntil(lambda: start.recent.count() == 1)  # files that are gone are not listed
    start.recent.itemActivated.emit(start.recent.item(0))
    assert not start.open_button.isEnabled()
    window = wait_for_window(qtbot, application)
    assert window.session.path == hybrid
    assert not start.isVisible()
    assert application.start is None


def test_recent_files_that_cannot_be_looked_for_are_left_out(
    qtbot: Any, application: Application, settings: Settings, hybrid: Path
) -> None:
    out_of_reach = str(hybrid.with_name("long" * 100))
    settings.set("recent", [out_of_reach, 7, str(hybrid)])
    start = application.show_start()
    qtbot.waitUntil(lambda: start.recent.count() == 1)
    assert start.recent.item(0).data(Qt.ItemDataRole.UserRole) == str(hybrid)
    settings.set("recent", 7)
    assert settings.recent() == []


def test_a_recent_file_on_a_drive_that_is_gone_keeps_nobody_waiting(
    qtbot: Any,
    application: Application,
    settings: Settings,
    hybrid: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first looks never come back, as on a network drive without its server."""
    gone, hangs, exists = hybrid.with_name("gone.kwik"), threading.Event(), os.path.exists

    def look(path: Any) -> bool:
        if "dead" in str(path):
            hangs.wait(20)
        return exists(path)

    monkeypatch.setattr(os.path, "exists", look)
    dead = [str(hybrid.parent / "dead" / f"{i}.kwik") for i in range(5)]
    settings.set("recent", [*dead, str(gone), str(hybrid)])
    try:
        start = application.show_start()
        qtbot.waitUntil(lambda: start.recent.count() == 6)  # all but the one that is missing
        start.recent.itemActivated.emit(start.recent.item(5))
        window = wait_for_window(qtbot, application)
        assert window.session.path == hybrid
        assert settings.recent()[0] == hybrid
        file = next(a.menu() for a in window.menuBar().actions() if a.text() == "&File")
        file.aboutToShow.emit()
        recent = next(a.menu() for a in file.actions() if a.text() == "Open recent")
        qtbot.waitUntil(lambda: [a.text() for a in recent.actions()] == dead)
    finally:
        hangs.set()


def test_without_recent_files_it_says_what_to_do(application: Application) -> None:
    start = application.show_start()
    assert "no recent files" in start.recent.item(0).text()
    assert start.recent.item(0).flags() == Qt.ItemFlag.NoItemFlags


def test_the_demo_opens_from_the_start_window(
    qtbot: Any, application: Application, monkeypatch: pytest.MonkeyPatch, hybrid: Path
) -> None:
    monkeypatch.setattr("phygui.simulate.default_demo", lambda progress: hybrid)
    start = application.show_start()
    qtbot.mouseClick(start.demo_button, Qt.MouseButton.LeftButton)
    assert wait_for_window(qtbot, application).session.path == hybrid


def test_the_first_steps_open_the_demo_with_their_first_card(
    qtbot: Any,
    application: Application,
    monkeypatch: pytest.MonkeyPatch,
    demo: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    caches = tmp_path_factory.mktemp("caches")
    monkeypatch.setattr(open_session_module, "user_cache_path", lambda name: caches)

    def copy(folder: Path, progress: Callable[[float], None] | None) -> Path:
        if progress is not None:
            progress(0.5)
        shutil.copytree(demo.parent, folder)
        return folder / demo.name

    monkeypatch.setattr("phygui.simulate.copy_demo", copy)
    start = application.show_start()
    told: list[str] = []
    monkeypatch.setattr(start, "set_busy", told.append)
    qtbot.mouseClick(start.steps_button, Qt.MouseButton.LeftButton)
    window = wait_for_window(qtbot, application)
    qtbot.waitUntil(lambda: window.findChild(FirstSteps) is not None)
    assert window.findChild(FirstSteps).title.text() == "Walk"
    assert told == ["opening first steps ...", "making the demo: 50% ..."]
    # Asked for again, no second window opens, and what was done is taken back.
    before = window.session.cluster_ids.tolist()
    window.session.merge(before[:2])
    window.open_wanted.emit(Ask.FIRST_STEPS)
    assert application.windows == [window]
    assert window.session.cluster_ids.tolist() == before
    # In another sitting nothing of this one is left, not even what was saved.
    window.session.merge(before[:2])
    window.session.save()
    path = window.session.path
    with open_session_module.open_session(open_session_module.PRACTICE) as beside:
        assert beside.read_only  # a window is open on it
    window.close()
    with open_session_module.open_session(open_session_module.PRACTICE) as again:
        assert again.path == path
        assert again.cluster_ids.tolist() == before


def test_a_file_dropped_on_the_start_window_opens(
    qtbot: Any, application: Application, hybrid: Path, drop: Callable[[Any, str], None]
) -> None:
    start = application.show_start()
    drop(start, str(hybrid))
    assert wait_for_window(qtbot, application).session.path == hybrid


@pytest.mark.parametrize("from_window", [False, True])
def test_what_cannot_be_opened_is_said_in_a_dialog(
    qtbot: Any,
    application: Application,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    hybrid: Path,
    from_window: bool,
) -> None:
    told: list[tuple[Any, ...]] = []
    monkeypatch.setattr(app_module.messages, "show_error", lambda *args: told.append(args))
    if from_window:
        window = application.show_session(Session.open(hybrid))
    else:
        application.show_start()
    bad = tmp_path / "bad <b>name.kwik"
    bad.write_text("nothing")
    application.open(bad)
    qtbot.waitUntil(lambda: bool(told), timeout=10_000)
    assert bad.name in told[0][2]
    assert len(application.windows) == from_window
    if from_window:
        assert "opening" not in window.status["edit"].text()


def test_a_start_window_takes_the_place_of_a_window_that_cannot_be_reopened(
    qtbot: Any, application: Application, monkeypatch: pytest.MonkeyPatch, hybrid: Path
) -> None:
    told: list[tuple[Any, ...]] = []
    monkeypatch.setattr(app_module.messages, "show_error", lambda *args: told.append(args))
    window = application.show_session(Session.open(hybrid))
    hybrid.write_text("nothing")
    window.reopen()
    qtbot.waitUntil(lambda: bool(told), timeout=10_000)
    assert application.windows == []
    assert application.start is not None
    assert application.start.isVisible()


def test_what_goes_wrong_at_opening_is_in_the_log(
    qtbot: Any,
    application: Application,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    hybrid: Path,
) -> None:
    told: list[tuple[Any, ...]] = []
    monkeypatch.setattr(app_module.messages, "show_error", lambda *args: told.append(args))

    def fails(_: object, **options: object) -> None:
        raise IndexError("out of range")

    monkeypatch.setattr(app_module, "open_session", fails)
    application.show_start()
    application.open(hybrid)
    qtbot.waitUntil(lambda: bool(told), timeout=10_000)
    assert hybrid.name in told[0][2]
    assert "IndexError" in told[0][2]
    assert any(record.exc_info for record in caplog.records)


@pytest.mark.slow
def test_a_file_changed_elsewhere_can_be_opened_again_as_it_now_is(
    qtbot: Any, application: Application, hybrid: Path
) -> None:
    first = application.show_session(Session.open(hybrid))
    qtbot.waitUntil(lambda: first.is_settled, timeout=20_000)
    first.session.merge([4, 9])
    first.reopen()
    qtbot.waitUntil(lambda: application.windows not in ([], [first]), timeout=20_000)
    (second,) = application.windows
    qtbot.waitUntil(lambda: second.is_settled, timeout=20_000)
    assert 4 in second.session.cluster_ids
    assert not second.session.read_only
    assert second.session.unsaved_edits == []
    assert application.app.quitOnLastWindowClosed()


@pytest.mark.slow
def test_keys_can_be_changed_when_another_window_is_gone(
    qtbot: Any, application: Application, settings: Settings, hybrid: Path, small: Path
) -> None:
    first = application.show_session(Session.open(hybrid))
    second = application.show_session(Session.open(small))
    qtbot.waitUntil(lambda: first.is_settled and second.is_settled, timeout=20_000)
    first.close()
    QCoreApplication.sendPostedEvents(first, QEvent.Type.DeferredDelete)
    assert sip.isdeleted(first)
    second.keys.bind(BY_NAME["merge"], ["F7"])
    assert second.actions_by_name["merge"].shortcut().toString() == "F7"


@pytest.mark.slow
def test_the_theme_is_that_of_all_windows(
    qtbot: Any, application: Application, hybrid: Path, small: Path
) -> None:
    first = application.show_session(Session.open(hybrid))
    second = application.show_session(Session.open(small))
    qtbot.waitUntil(lambda: first.is_settled and second.is_settled, timeout=20_000)
    first.commands.toggle_theme()
    try:
        assert second.theme == "light"
        assert {view.theme for view in second.views()} == {"light"}
        assert second.actions_by_name["theme"].isChecked()
    finally:
        second.commands.toggle_theme()
    assert first.theme == "dark"


def test_a_window_goes_although_its_session_cannot_be_closed_well(
    qtbot: Any, application: Application, monkeypatch: pytest.MonkeyPatch, hybrid: Path
) -> None:
    window = application.show_session(Session.open(hybrid))
    qtbot.waitUntil(lambda: window.is_settled, timeout=20_000)
    close = window.session.close

    def fails(**options: Any) -> None:
        close(**options)
        raise DatasetError("the journal cannot be kept aside.")

    monkeypatch.setattr(window.session, "close", fails)
    with qtbot.captureExceptions() as raised:
        window.close()
    assert [str(error) for _, error, _ in raised] == ["the journal cannot be kept aside."]
    assert application.windows == []


@pytest.mark.slow
def test_recent_files_open_from_the_file_menu(
    qtbot: Any, application: Application, settings: Settings, hybrid: Path, small: Path
) -> None:
    settings.add_recent(small)
    window = application.show_session(Session.open(hybrid))
    qtbot.waitUntil(lambda: window.is_settled, timeout=20_000)
    file = next(a.menu() for a in window.menuBar().actions() if a.text() == "&File")
    file.aboutToShow.emit()
    recent = next(a.menu() for a in file.actions() if a.text() == "Open recent")
    assert [a.text() for a in recent.actions()] == [str(small)]
    recent.actions()[0].trigger()
    qtbot.waitUntil(lambda: len(application.windows) == 2, timeout=20_000)
    assert application.windows[1].session.path == small


@pytest.mark.slow
def test_what_was_set_in_an_open_window_holds_in_the_next_one(
    qtbot: Any, application: Application, hybrid: Path, small: Path
) -> None:
    first = application.show_session(Session.open(hybrid))
    next(first.views("features")).change_params(n_spikes=70)
    second = application.show_session(Session.open(small))
    assert next(second.views("features")).params.n_spikes == 70
    for window in (first, second):
        qtbot.waitUntil(lambda window=window: window.is_settled, timeout=20_000)


@pytest.mark.slow
def test_that_a_file_is_being_opened_is_said_until_it_is_open(
    qtbot: Any,
    application: Application,
    hybrid: Path,
    demo: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    application.open(hybrid)
    window = wait_for_window(qtbot, application)
    said = window.status["edit"]
    application.open(demo)
    assert said.text() == f"opening {demo} ..."
    qtbot.waitUntil(lambda: len(application.windows) == 2)
    assert "opening" not in said.text()
    # Nor any longer than it takes to find out that it is none.
    problems = []
    monkeypatch.setattr(app_module.messages, "show_error", lambda *of: problems.append(of))
    damaged = demo.with_name("damaged.kwik")
    damaged.write_bytes(b"nothing")
    application.open(damaged)
    assert [w.status["edit"].text() for w in application.windows].count(f"opening {damaged} ...")
    qtbot.waitUntil(lambda: bool(problems))
    assert not any("opening" in w.status["edit"].text() for w in application.windows)


def test_the_end_waits_for_compiled_functions_that_are_being_loaded(
    qtbot: Any, application: Application, hybrid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, ended = threading.Event(), []

    def load(*, apart: bool) -> None:
        begun.set()
        threading.Event().wait(0.3)
        ended.append(apart)

    monkeypatch.setattr(app_module, "compile_all", load)
    application.show_session(Session.open(hybrid))
    qtbot.waitUntil(begun.is_set, timeout=20_000)
    application.close()
    assert ended == [True]

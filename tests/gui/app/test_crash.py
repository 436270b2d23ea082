"""What raises becomes a message, once, and the rest goes on."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import types

import pytest
from qtpy.QtCore import Qt, qInstallMessageHandler, qWarning
from qtpy.QtWidgets import QApplication, QMessageBox
from vispy.util.event import EmitterGroup

from phygui import Session, plugins
from phygui.curation.edits.update import EditError
from phygui.gui.app.app import Application
from phygui.gui.app.crash import CrashGuard, Problem, ProblemBox
from phygui.gui.app.display import ending_in_words
from phygui.gui.base import opengl


@pytest.fixture
def guard(qapp):
    """A guard that is removed afterwards, and what it has told."""
    guard = CrashGuard()
    guard.told = []
    guard.reported.connect(guard.told.append)
    guard.install()
    yield guard
    guard.remove()


def fail(text: str = "no such thing") -> None:
    raise ValueError(text)


def test_an_exception_is_told_with_its_place(guard):
    try:
        fail()
    except ValueError:
        sys.excepthook(*sys.exc_info())
    (problem,) = guard.told
    assert "ValueError: no such thing" in problem.sentence
    assert "edits are on the disk" in problem.sentence
    assert "in fail" in problem.details


def test_the_same_again_is_told_once(guard):
    for text in ("one", "two", "three"):
        try:
            fail(text)
        except ValueError as error:
            guard.report(error, "the waveform view")
    assert len(guard.told) == 1
    assert "in the waveform view" in guard.told[0].sentence
    assert guard.n_suppressed == 2


def test_a_thread_is_told_in_the_thread_of_the_window(guard, qtbot):
    seen = []
    guard.reported.connect(lambda problem: seen.append(threading.current_thread()))
    with qtbot.waitSignal(guard.reported):
        thread = threading.Thread(target=fail, name="worker")
        thread.start()
        thread.join()
        assert guard.told == []
    assert seen == [threading.main_thread()]
    assert "the thread worker" in guard.told[0].sentence


def test_what_vispy_catches_is_told(guard):
    class Source:
        """What emits."""

    source = Source()
    group = EmitterGroup(source=source, draw=None)
    group.draw.ignore_callback_errors = True
    group.draw.connect(lambda event: fail("cannot draw"))
    group.draw()
    assert len(guard.told) == 1
    assert "could not be drawn" in guard.told[0].sentence
    assert "cannot draw" in guard.told[0].details


def test_what_a_plugin_raises_switches_it_off(guard, plugin_folder):
    (plugin_folder / "loud.py").write_text(
        "def fail(event=None):\n    raise RuntimeError('of a plugin')\n"
    )
    # It adds nothing, but its code is called from somewhere all the same.
    plugins.forget()
    (plugin,) = plugins.plugins(load=False)
    module = types.ModuleType(plugin.module)
    exec((plugin_folder / "loud.py").read_text(), module.__dict__)
    group = EmitterGroup(source=guard, draw=None)
    group.draw.ignore_callback_errors = True
    group.draw.connect(module.fail)
    group.draw()
    assert guard.told == []
    assert plugin.error == "it raised RuntimeError: of a plugin"
    guard.report(ValueError("of the program"))
    assert len(guard.told) == 1


def test_our_own_sentences_stay_as_they_are(guard):
    guard.report(EditError("nothing to undo"))
    assert guard.told == [Problem("nothing to undo")]


def test_messages_of_qt_go_to_the_log(guard, caplog):
    with caplog.at_level(logging.WARNING, "phygui.qt"):
        qWarning(b"a message of Qt")
    assert "a message of Qt" in caplog.text
    assert guard.told == []


def test_everything_is_given_back(qapp):
    before = sys.excepthook, threading.excepthook, sys.unraisablehook
    guard = CrashGuard()
    guard.install()
    assert sys.excepthook != before[0]
    guard.remove()
    assert (sys.excepthook, threading.excepthook, sys.unraisablehook) == before


def test_the_box_gathers_problems_and_copies_them(qtbot):
    box = ProblemBox()
    qtbot.addWidget(box)
    box.add(Problem("<b>first</b>", "line 1"))
    box.add(Problem("second", "line 2"))
    assert box.isVisible()
    assert not box.isModal()
    assert box.text() == "second"
    assert box.textFormat() == Qt.TextFormat.PlainText
    assert "1 more before this one" in box.informativeText()
    qtbot.mouseClick(box.copy_button, Qt.MouseButton.LeftButton)
    assert box.isVisible()
    assert QApplication.clipboard().text() == "second\nline 2\n\n<b>first</b>\nline 1"
    box.button(QMessageBox.StandardButton.Close).click()
    assert box.problems == []


def test_a_problem_is_told_in_the_windows_too(settings, usable_windows, demo):
    """The box that tells all of it may lie behind another window."""
    application = Application(settings)
    window = application.show_session(Session.open(demo))
    application._show_problem(Problem("the disk is gone", "line 1"))
    try:
        assert window.status["edit"].text() == "the disk is gone"
        assert application._problems.isVisible()
    finally:
        application._problems.close()
        window.dispose()
        window.close()
        application.close()


def test_opengl_tells_what_it_is(qapp):
    found = opengl.found()
    assert found.renderer
    assert not found.problem


NO_OPENGL = """
import sys
from qtpy.QtCore import QTimer
from phygui import Session
from phygui.gui.app.app import Application

application = Application()
session = Session.open(sys.argv[1])
window = application.show_session(session)

def edit():
    session.select([3], [4])
    session.merge()
    # What it says may lie over the table, of which a picture is taken from the screen.
    application._problems.hide()
    look(300)

def look(n):
    table = window.cluster_table
    picture = application.app.primaryScreen().grabWindow(window.winId()).toImage()
    where = table.view.mapTo(window, table.view.rect().center())
    colors = {picture.pixel(where.x() + x, y) for x in range(-80, 80, 3) for y in range(80, 300, 3)}
    if n and (table.model.row_of(16) is None or len(colors) <= 5):
        QTimer.singleShot(100, lambda: look(n - 1))
        return
    print("row", table.model.row_of(16), "colors", len(colors))
    print([problem.sentence for problem in application._problems.problems])
    application.app.quit()

QTimer.singleShot(500, edit)
sys.exit(application.run())
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="asks Qt's X11 plugin to do without OpenGL")
def test_without_opengl_the_tables_still_work(small):
    done = subprocess.run(
        [sys.executable, "-c", NO_OPENGL, str(small)],
        env={**os.environ, "QT_XCB_GL_INTEGRATION": "none"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()[-2:]
    row, colors = first.split()[1::2]
    assert row != "None"
    assert int(colors) > 5, "the table is not painted"
    assert "phy-gui --software-opengl" in second


@pytest.fixture
def fresh():
    """OpenGL is tried out anew, also by the next test."""
    for cached in (opengl.found, opengl._probe):
        cached.cache_clear()
    yield
    for cached in (opengl.found, opengl._probe):
        cached.cache_clear()


@pytest.mark.parametrize("forced", ["", "1"])
def test_opengl_that_fails_says_what_is_left_to_do(qapp, fresh, monkeypatch, caplog, forced):
    monkeypatch.setattr(opengl.QOpenGLContext, "create", lambda self: False)
    monkeypatch.setenv("LIBGL_ALWAYS_SOFTWARE", forced)
    found = opengl.found()
    assert not found.renderer
    assert "no context can be created" in found.problem
    assert ("phy-gui --software-opengl" in found.problem) == (not forced)
    assert ("xvfb-run" in found.problem) == bool(forced)
    assert opengl.must_start_anew() == (not forced and sys.platform.startswith("linux"))
    assert found.problem in caplog.text


@pytest.mark.parametrize("version", ["1.4 (2.1 Mesa 23.2)", "", "None"])
def test_an_old_opengl_is_not_asked_for_what_it_does_not_have(monkeypatch, version):
    monkeypatch.setattr(opengl, "gl", None)
    assert "2.1 is needed" in opengl._lacking(version)


def test_a_shader_that_does_not_compile_says_why(qapp, fresh, monkeypatch):
    monkeypatch.setattr(opengl, "shader", lambda name: "void main() { nothing(); }")
    problem = opengl.found().problem
    assert "a shader does not compile" in problem
    assert "nothing" in problem
    assert "\n" not in problem


def test_what_qt_says_of_a_strange_opengl_is_left_to_our_sentence(qapp, fresh, monkeypatch, capsys):
    def create(self):
        qWarning("Unrecognized OpenGL version")
        return False

    monkeypatch.setattr(opengl.QOpenGLContext, "create", create)
    heard = []
    before = qInstallMessageHandler(lambda kind, where, text: heard.append(text))
    try:
        assert "no context can be created" in opengl.found().problem
        with ending_in_words():
            qWarning("Unrecognized OpenGL version")
            qWarning("something else")
        qWarning("later")
    finally:
        qInstallMessageHandler(before)
    assert heard == ["later"]
    assert capsys.readouterr().err == "something else\n"

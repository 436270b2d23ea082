"""The window of an archive, by its keys: two hundred datasets, found, sorted, opened, watched."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QImage
from qtpy.QtWidgets import QApplication

from phygui.archive.archive import Archive, read
from phygui.archive.index import Index
from phygui.gui.actions.actions import BY_NAME as OF_DATASETS
from phygui.gui.actions.key_dialog import KeyDialog
from phygui.gui.actions.keys import KeyConflict, Keys
from phygui.gui.app.app import Application
from phygui.gui.archive.actions import ACTIONS, BINDABLES, BY_NAME
from phygui.gui.archive.preparing import Preparing, told_in
from phygui.gui.archive.table import PICTURE
from phygui.gui.archive.window import UNDECIDED, ArchiveWindow
from phygui.gui.base.delays import DELAYS
from phygui.gui.base.settings import Settings
from phygui.gui.dialogs.choosing import Ask
from tests.archive.conftest import decide, make_archive

DOCS = Path(__file__).parents[3] / "docs" / "archive-window.md"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two hundred tiny datasets, one of them damaged; nobody writes to them."""
    folder = make_archive(tmp_path_factory.mktemp("lab") / "archive", 199, (3, 2))
    decide(folder / "mouse03" / "session031.kwik", [2])
    (folder / "mouse03" / "odd.kwik").write_bytes(b"nothing")
    # They are alike, so that two of them are read for all.
    index, archive = Index(folder), Archive(folder)
    alike = read(folder / "mouse00" / "session000.kwik")
    for session in archive.scan():
        if session.path.stem not in ("session031", "odd"):
            index.put(session.found, alike)
    index.write({session.path for session in archive.sessions()})
    return folder


def settle(window: ArchiveWindow, qtbot: Any) -> None:
    """Show a window, give it the keyboard, and wait until all is listed and read."""
    window.show()
    qtbot.waitExposed(window)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.waitUntil(lambda: window.is_settled)


@pytest.fixture
def lab(folder: Path, settings: Settings, qtbot: Any, qapp: Any) -> Iterator[ArchiveWindow]:
    window = ArchiveWindow(folder, settings)
    settle(window, qtbot)
    yield window
    window.close()
    window.deleteLater()


def names(window: ArchiveWindow) -> list[str]:
    return [session.path.stem for session in window.sessions]


def test_two_hundred_sessions_by_keys(lab: ArchiveWindow, qtbot: Any) -> None:
    table, wanted = lab.table, []
    lab.open_wanted.connect(wanted.append)
    assert len(names(lab)) == 200
    assert lab.counts.text() == "200 sessions, 1 decided"
    # What cannot be read is a row with its sentence.
    row = names(lab).index("odd")
    content = table.content
    last = content.index(row, content.columnCount() - 1)
    assert last.data() == lab.sessions[row].problem.removeprefix(f"{lab.sessions[row].path} ")
    assert last.data().endswith(".")
    qtbot.keyClick(table, Qt.Key.Key_Down)
    qtbot.keyClick(table, Qt.Key.Key_Return)
    assert [path.stem for path in wanted] == ["session001"]
    # The filter line, by its key and back to the table.
    qtbot.keyClick(lab, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lab.filter.hasFocus)
    qtbot.keyClicks(lab.filter, "mouse03")
    assert len(names(lab)) == 11
    assert lab.counts.text() == "11 of 200 sessions, 1 decided"
    qtbot.keyClick(lab.filter, Qt.Key.Key_Return)
    assert table.hasFocus()
    # Sorted by what is decided, the most first; what is not known is last.
    header = table.horizontalHeader()
    titles = [
        content.headerData(column, Qt.Orientation.Horizontal, Qt.ItemDataRole.DisplayRole).strip()
        for column in range(content.columnCount())
    ]
    place = titles.index("decided")
    at = QPoint(header.sectionViewportPosition(place) + 10, 5)
    for _ in range(2):
        qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert (names(lab)[0], names(lab)[-1]) == ("session031", "odd")
    # The walk goes by that order, and passes over what is decided and what cannot be read.
    wanted.clear()
    table.selectRow(0)
    table.setCurrentIndex(content.index(0, 1))
    qtbot.keyClick(
        table,
        Qt.Key.Key_PageDown,
        Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
    )
    assert [path.stem for path in wanted] == [names(lab)[1]]
    assert table.current is not None
    assert table.current.path == wanted[0]
    lab.filter.setText("good >")
    assert lab.filter.property("wrong") == "true"
    assert len(names(lab)) == 11
    lab.filter.setText("nobody")
    assert lab.note.text() == "No session passes the filter."
    lab.filter.clear()
    qtbot.keyClick(table, Qt.Key.Key_U, Qt.KeyboardModifier.ControlModifier)
    assert lab.filter.text() == UNDECIDED
    assert "session031" not in names(lab)
    qtbot.keyClick(table, Qt.Key.Key_U, Qt.KeyboardModifier.ControlModifier)
    assert len(names(lab)) == 200


def test_the_palette_the_list_of_keys_and_the_docs_have_every_action(
    lab: ArchiveWindow, qtbot: Any
) -> None:
    wanted: list[object] = []
    lab.open_wanted.connect(wanted.append)
    qtbot.keyClick(lab.table, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    palette = QApplication.activeModalWidget()
    qtbot.waitUntil(palette.search.hasFocus)
    qtbot.keyClicks(palette.search, "another arch")
    qtbot.keyClick(palette.search, Qt.Key.Key_Return)
    assert wanted == [Ask.ARCHIVE]
    page = DOCS.read_text("utf-8")
    for action in ACTIONS:
        assert action.title.removesuffix("...") in page
        for key in action.keys:
            assert f"`{key}`" in page, action.title
    menus = [menu.title() for menu in lab.menuBar().actions() for menu in [menu.menu()]]
    assert menus == ["&File", "&Sessions", "&View", "&Help"]


def test_its_keys_are_bound_anew_and_belong_to_it_alone(lab: ArchiveWindow, qtbot: Any) -> None:
    keys, of_datasets = lab.keys, Keys.of(lab.settings)
    prepare = BY_NAME["prepare"]
    with pytest.raises(KeyConflict, match=r"Ctrl\+U is the key of 'Undecided sessions only'"):
        keys.bind(prepare, ["Ctrl+U"])
    with pytest.raises(KeyConflict, match=r"Alt\+S opens the menu Sessions"):
        keys.bind(prepare, ["Alt+S"])
    # By the dialog, as in the window of a dataset.
    lab.actions_by_name["keys"].trigger()
    dialog = lab.findChild(KeyDialog)
    qtbot.keyClicks(dialog.search, "undecided sessions only")
    qtbot.keyClick(dialog.line, Qt.Key.Key_G)
    dialog.buttons["set"].click()
    assert dialog.message.text() == ""
    dialog.close()
    assert keys[BY_NAME["undecided"]] == ("G",)
    assert of_datasets[OF_DATASETS["merge"]] == ("G",)
    assert Keys(lab.settings, BINDABLES)[BY_NAME["undecided"]] == ("G",)
    qtbot.keyClick(lab.table, Qt.Key.Key_U, Qt.KeyboardModifier.ControlModifier)
    assert lab.filter.text() == ""
    qtbot.keyClick(lab.table, Qt.Key.Key_G)
    assert lab.filter.text() == UNDECIDED
    # In the filter line it is a letter; what ends a line is its own there too.
    lab.filter.setFocus()
    lab.filter.clear()
    qtbot.keyClicks(lab.filter, "g")
    assert lab.filter.text() == "g"
    qtbot.keyClick(lab, Qt.Key.Key_F1)
    listed = QApplication.activeModalWidget()
    assert "G" in [listed.proxy.index(row, 0).data() for row in range(listed.proxy.rowCount())]
    listed.close()
    keys.reset()
    assert lab.settings.get("archive_keys") is None


def test_the_folder_is_watched(
    settings: Settings, tmp_path: Path, qtbot: Any, qapp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DELAYS, "archive_ms", 50)
    folder = make_archive(tmp_path / "archive", 2)
    window = ArchiveWindow(folder, settings)
    qtbot.addWidget(window)
    settle(window, qtbot)
    first = window.sessions[0].path
    shutil.copyfile(first, first.with_name("another.kwik"))
    qtbot.waitUntil(lambda: "another" in names(window), timeout=10_000)
    # As a save does: a reader may have the old one open.
    decided = shutil.copyfile(first, tmp_path / "decided.kwik")
    decide(decided, [2])
    decided.replace(first.with_name("another.kwik"))
    qtbot.waitUntil(lambda: "1 decided" in window.counts.text(), timeout=10_000)
    first.unlink()
    qtbot.waitUntil(lambda: first.stem not in names(window), timeout=10_000)
    window.close()


def test_the_next_undecided_session_from_a_curating_window(
    settings: Settings, tmp_path: Path, qtbot: Any, qapp: Any
) -> None:
    folder = make_archive(tmp_path / "archive", 3)
    decide(folder / "mouse00" / "session001.kwik", [2])
    app = Application(settings)
    try:
        # A folder that holds datasets is an archive, however it is opened.
        app.open(folder)
        qtbot.waitUntil(lambda: app.archive is not None, timeout=20_000)
        archive = app.archive
        assert archive is not None
        settle(archive, qtbot)
        qtbot.keyClick(archive.table, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: len(app.windows) == 1, timeout=20_000)
        first = app.windows[0]
        assert first.session.path.stem == "session000"
        qtbot.waitUntil(lambda: first.is_settled, timeout=30_000)
        first.activateWindow()
        qtbot.waitUntil(first.isActiveWindow, timeout=5_000)
        opened: list[object] = []
        app.open = opened.append  # type: ignore[method-assign]
        keys = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
        qtbot.keyClick(first.cluster_table.view, Qt.Key.Key_PageDown, keys)
        # That one is decided, so it is the one after it, in the place of the first.
        qtbot.waitUntil(lambda: bool(opened), timeout=20_000)
        assert opened == [folder / "mouse00" / "session002.kwik"]
        assert not app.windows
        assert archive.table.current is not None
        assert archive.table.current.path.stem == "session002"
    finally:
        app.close()


def test_a_preparation_tells_how_far_it_is_and_can_be_cancelled(
    settings: Settings, tmp_path: Path, qtbot: Any, qapp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = """echo '{"share": 0.5, "what": "metrics"}'; exec sleep 60"""
    no = """echo '{"problem": "no."}'; exit 1"""
    commands = {"session000": ["true"], "session001": ["sh", "-c", no]}
    monkeypatch.setattr(
        Preparing, "command", lambda self, path: commands.get(path.stem, ["sh", "-c", half])
    )
    window = ArchiveWindow(make_archive(tmp_path / "archive", 4), settings)
    qtbot.addWidget(window)
    settle(window, qtbot)
    said = []
    window.preparing.done.connect(lambda path, problem: said.append((path.stem, problem)))
    qtbot.keyClick(
        window.table,
        Qt.Key.Key_B,
        Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
    )
    qtbot.waitUntil(lambda: len(said) == 2, timeout=10_000)
    assert said == [("session000", ""), ("session001", "no.")]
    assert window.progress.isVisible()
    assert window.progress.text() == "2 of 4"
    # How far the third one is shows too.
    qtbot.waitUntil(lambda: window.progress.value() == 250)
    assert "session002.kwik" in window.message.text()
    qtbot.keyClick(window.table, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not window.preparing.is_running, timeout=10_000)
    assert len(said) == 2
    assert not window.progress.isVisible()
    said_last = "the preparation was cancelled; 1 session prepared, 1 could not be: "
    assert window.message.text() == f"{said_last}session001.kwik: no."
    # The row goes on telling why.
    content = window.table.content
    note = content.index(1, content.columnCount() - 1)
    assert note.data() == "could not be prepared: no."
    assert "no." in note.data(Qt.ItemDataRole.ToolTipRole)
    content.note_preparation(window.sessions[1].path, "")
    assert note.data() == ""
    window.close()


@pytest.mark.parametrize("end", [Preparing.cancel, Preparing.stop])
def test_what_is_ended_may_tidy_up(
    tmp_path: Path, qtbot: Any, qapp: Any, end: Callable[[Preparing], None]
) -> None:
    part, code = (
        tmp_path / "part",
        """
import pathlib, signal, sys, time
# A shell that has begun the tests in the background has them, and so this one, pass over it.
signal.signal(signal.SIGINT, signal.default_int_handler)
part = pathlib.Path(sys.argv[1])
part.touch()
try:
    print('{"share": 0.5}', flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    part.unlink()
    sys.exit(130)
""",
    )

    class Fake(Preparing):
        def command(self, path: Path) -> list[str]:
            return [sys.executable, "-c", code, str(path)]

    preparing = Fake()
    preparing.add([part])
    qtbot.waitUntil(lambda: preparing.share == 0.5, timeout=10_000)
    assert part.exists()
    end(preparing)
    qtbot.waitUntil(lambda: not preparing.is_running, timeout=10_000)
    assert not part.exists()


def test_what_is_added_while_a_cancelled_session_ends_is_prepared(
    tmp_path: Path, qtbot: Any, qapp: Any
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    commands = [["sh", "-c", """echo '{"share": 0.5}'; exec sleep 60"""]]

    class Fake(Preparing):
        def command(self, path: Path) -> list[str]:
            return commands.pop() if commands else ["true"]

    preparing, said = Fake(), []
    preparing.done.connect(lambda path, problem: said.append((path, problem)))
    preparing.add([first])
    qtbot.waitUntil(lambda: preparing.share == 0.5, timeout=10_000)
    preparing.cancel()
    assert preparing.is_ending
    # The one that ends is to be prepared after all, and that it was ended is no failure.
    preparing.add([second, first])
    assert preparing.n_all == 2
    qtbot.waitUntil(lambda: not preparing.is_running, timeout=10_000)
    assert said == [(second, ""), (first, "")]
    assert (preparing.n_done, preparing.n_failed, preparing.is_cancelled) == (2, 0, False)


def test_a_window_that_closes_does_not_wait_for_its_report(
    settings: Settings,
    tmp_path: Path,
    qtbot: Any,
    qapp: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    running: list[threading.Thread] = []
    may_go_on = threading.Event()

    def read(archive: Archive) -> Iterator[Any]:
        running.append(threading.current_thread())
        may_go_on.wait(3)
        yield from ()

    (tmp_path / "lab").mkdir()
    window = ArchiveWindow(tmp_path / "lab", settings)
    qtbot.addWidget(window)
    settle(window, qtbot)
    monkeypatch.setattr(Archive, "read_missing", lambda archive, cancelled: read(archive))
    window.report_to(tmp_path / "lab.html")
    qtbot.waitUntil(lambda: bool(running))
    window.close()
    assert running[0].is_alive()
    may_go_on.set()
    running[0].join(10)
    # That nobody wants it any more is no failure.
    assert not [each for each in caplog.records if each.levelname == "ERROR"]
    assert not (tmp_path / "lab.html").exists()


def test_what_the_process_tells() -> None:
    assert told_in(b'{"share": 0.5}\n') == {"share": 0.5}
    assert told_in(b"[1]\n") == told_in(b"Warning: ...\n") == told_in(b"\xff\n") == {}


@pytest.mark.slow
def test_the_command_lists_a_folder_of_datasets(tmp_path: Path) -> None:
    folder = make_archive(tmp_path / "archive", 3)
    picture = tmp_path / "archive.png"
    command = [sys.executable, "-m", "phygui", str(folder), "--screenshot", str(picture)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert QImage(str(picture)).width() > 1000


def test_pictures_have_a_column_once_there_is_one(lab: ArchiveWindow, qtbot: Any) -> None:
    table, content = lab.table, lab.table.content
    assert not any(s.overview.curves for s in lab.sessions if s.overview is not None)
    assert table.isColumnHidden(PICTURE)
    assert table.visualRect(content.index(0, PICTURE + 1)).left() == 0
    widths = [table.columnWidth(k) for k in range(content.columnCount())]
    assert sum(widths) == table.viewport().width()
    drawn = replace(lab.sessions[0].overview, curves=(("good", (0, -90, 20, 0), ()),))
    content.update([replace(lab.sessions[0], overview=drawn)])
    table.fit_columns()
    assert not table.isColumnHidden(PICTURE)
    assert table.visualRect(content.index(0, PICTURE)).width() > 40
    widths = [table.columnWidth(k) for k in range(content.columnCount())]
    assert sum(widths) == table.viewport().width()

"""The application: opens datasets in a worker thread and keeps their windows."""

from __future__ import annotations

import gc
import logging
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("QT_API", "pyqt5")

import qtpy
import vispy
from qtpy.QtCore import QCoreApplication, QLocale, QObject, Qt, QTimer, Signal
from qtpy.QtWidgets import QApplication

from phygui.curation.open_session import DEMO, PRACTICE, is_practice, open_session
from phygui.curation.session import Session
from phygui.errors import DatasetError
from phygui.gui.app import binding
from phygui.gui.app.crash import CrashGuard, Problem, ProblemBox
from phygui.gui.app.display import ending_in_words
from phygui.gui.app.interrupts import ended_by_ctrl_c
from phygui.gui.app.preload import compile_all
from phygui.gui.base import opengl, theme
from phygui.gui.base.settings import Settings
from phygui.gui.dialogs import messages
from phygui.gui.dialogs.choosing import Ask, DropTarget, choose_dataset
from phygui.gui.window.main_window import MainWindow
from phygui.logs import log_versions

if TYPE_CHECKING:
    from phygui.gui.app.start_window import StartWindow
    from phygui.gui.archive.window import ArchiveWindow

log = logging.getLogger(__name__)

SCREENSHOT_TIMEOUT_S = 120
WARM_UP_S = 3.0
"""Seconds that the end waits for compiled functions which are being loaded, at most."""


def make_application(settings: Settings) -> QApplication:
    """The one QApplication, with what OpenGL canvases in docks need."""
    running = QApplication.instance()
    if isinstance(running, QApplication):
        app = running
    else:
        # Without shared contexts, a dock that floats loses its canvas.
        QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_ShareOpenGLContexts)
        # Qt 6 does both by itself.
        for name in ("AA_UseHighDpiPixmaps", "AA_EnableHighDpiScaling"):
            if attribute := getattr(Qt.ApplicationAttribute, name, None):
                QCoreApplication.setAttribute(attribute)
        if sys.platform.startswith("linux"):
            # The menus are in the window; to ask the desktop for another place takes its time.
            QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeMenuBar)
        with ending_in_words():
            app = QApplication(sys.argv[:1])
    app.setApplicationName("phygui")
    app.setApplicationDisplayName("phygui")
    # Numbers are written as in the field's papers, whatever the country.
    QLocale.setDefault(QLocale.c())
    vispy.use(qtpy.API)
    app.setWindowIcon(theme.icon("phygui"))
    theme.apply_theme(app, str(settings.get("theme", "dark")))
    return app


class Application(QObject):
    """Windows on datasets, and a start window when there is none."""

    _opened = Signal(object, object)
    _is_archive = Signal(object)
    _making = Signal(float)

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__()
        self.settings = settings or Settings()
        self.app = make_application(self.settings)
        self.windows: list[MainWindow] = []
        self.start: StartWindow | None = None
        self.archive: ArchiveWindow | None = None
        self._has_logged = False
        self._warming: threading.Thread | None = None
        self._problems: ProblemBox | None = None
        self._with_cards = False
        """Whether what is being opened is for the first steps."""
        self._said: tuple[MainWindow | ArchiveWindow, str] | None = None
        """Where it says that something is being opened, and what it says."""
        self._opened.connect(self._receive)
        self._is_archive.connect(self._receive_archive)
        self._making.connect(self._tell_made)

    # -- windows ---------------------------------------------------------------------------

    def show_session(self, session: Session, *, reset_layout: bool = False) -> MainWindow:
        """Open a window on a session."""
        for other in self.windows:
            # What was set in a window that is still open holds in the next one.
            other.extra_views.remember()
        window = MainWindow(session, self.settings, reset_layout=reset_layout)
        window.open_wanted.connect(self.open)
        DropTarget(window).dropped.connect(self.open)
        window.closed.connect(self._forget)
        window.reopen_wanted.connect(self._reopen)
        self.windows.append(window)
        self.settings.add_recent(session.path)
        window.show()
        # Loading numba keeps the interpreter busy: not while the first pictures are on their way.
        window.when_shown(self._started)
        return window

    def _started(self) -> None:
        """The first pictures are there: prepare for what comes."""
        self._log_versions()
        if not gc.isenabled():
            # What is there by now is left out of the search for garbage, which takes long enough
            # to be felt otherwise.
            gc.freeze()
            gc.enable()
        if self._warming is None:
            # Compile the numerics in the background, so that no selection waits for it.
            self._warming = threading.Thread(
                target=compile_all, kwargs={"apart": True}, name="phygui-warm", daemon=True
            )
            self._warming.start()

    def _log_versions(self) -> None:
        if not self._has_logged:
            self._has_logged = True
            log_versions()
            log.info("%s", binding.versions())

    def show_start(self) -> StartWindow:
        """Open the start window."""
        # Imported here, as the archive's: a start on a dataset shows neither.
        from phygui.gui.app.start_window import StartWindow

        self.start = StartWindow(self.settings)
        self.start.open_wanted.connect(self.open)
        self.start.show()
        self._log_versions()
        gc.enable()
        return self.start

    def show_archive(self, folder: Path) -> ArchiveWindow:
        """Open the window of an archive, in the place of that of another one."""
        from phygui.gui.archive.window import ArchiveWindow

        if self.archive is not None:
            self.archive.close()
        window = self.archive = ArchiveWindow(folder, self.settings)
        window.open_wanted.connect(self.open)
        DropTarget(window).dropped.connect(self.open)
        window.closed.connect(self._forget_archive)
        self.settings.add_recent(folder)
        window.show()
        self._log_versions()
        gc.enable()
        return window

    def _forget_archive(self) -> None:
        if self.archive is not None:
            self.archive.deleteLater()
            self.archive = None

    def next_undecided(self) -> None:
        """Open the next session of the archive that has to be decided, in the place of this one."""
        window = self.app.activeWindow()
        here = window if isinstance(window, MainWindow) else self.windows[-1]
        if self.archive is None:
            here.say("no archive is open: File > Open archive... lists one", wrong=True)
            return
        found = self.archive.next_after(here.session.path)
        if found is None:
            here.say("no other session of the archive has clusters to decide")
            return
        here.close()
        if here in self.windows:
            # The user would rather stay.
            return
        self.archive.go_to(found.path)
        self.archive.look_again()
        self.open(found.path)

    def _reopen(self, window: MainWindow) -> None:
        path = window.session.path
        # The program goes on although its last window may close for a moment.
        self.app.setQuitOnLastWindowClosed(False)
        window.close()
        self._forget(window)
        self.open(path)

    def _forget(self, window: MainWindow) -> None:
        if window in self.windows:
            self.windows.remove(window)
        window.deleteLater()

    # -- opening ---------------------------------------------------------------------------

    def open(self, what: object) -> None:
        """Open a path, the demo ("demo"), or what the user chooses (Ask), in a worker thread."""
        if what is Ask.NEXT:
            self.next_undecided()
            return
        self._with_cards = what is Ask.FIRST_STEPS
        if what is Ask.FIRST_STEPS:
            if self._practises():
                return
            what = PRACTICE
        if isinstance(what, Ask):
            what = self._ask_path(what)
            if what is None:
                return
        self._tell_busy(f"opening {what} ...")

        def work() -> None:
            from phygui.archive import holds_datasets

            try:
                is_ours = what in (DEMO, PRACTICE)
                if isinstance(what, str | Path) and not is_ours and holds_datasets(what):
                    self._is_archive.emit(Path(what))
                    return
                self._opened.emit(open_session(what, making=self._making.emit), None)
            except DatasetError as error:
                self._opened.emit(None, error)
            except Exception as error:
                log.exception("%s could not be opened", what)
                problem = f"{what} cannot be opened ({type(error).__name__}: {error})."
                self._opened.emit(None, DatasetError(problem))

        threading.Thread(target=work, name="phygui-open", daemon=True).start()

    def _tell_busy(self, said: str) -> None:
        """Say what goes on in the window that is in front."""
        parent = self._front()
        if self.start is not None:
            self.start.set_busy(said)
        elif parent is not None and parent in (*self.windows, self.archive):
            self._unsay()
            parent.say(said)
            self._said = parent, said

    def _tell_made(self, share: float) -> None:
        self._tell_busy(f"making the demo: {round(100 * share)}% ...")

    def _practises(self) -> bool:
        """Begin the first steps again in a window that is on their demo, if there is one."""
        for window in self.windows:
            if is_practice(window.session.path):
                window.activateWindow()
                window.commands.begin_first_steps()
                return True
        return False

    def _ask_path(self, ask: Ask) -> Path | None:
        # Where a recent file was found, and not on a drive that may be gone.
        there = self.start.lookout.there if self.start is not None else set()
        recent = [path for path in self.settings.recent() if path in there]
        open_now = [window.session.path for window in self.windows[-1:]]
        start = (open_now or recent)[0].parent if open_now or recent else None
        return choose_dataset(self._front(), ask, start)

    def _unsay(self) -> None:
        self.app.setQuitOnLastWindowClosed(True)
        if self._said is not None:
            (window, said), self._said = self._said, None
            if window in (*self.windows, self.archive):
                window.unsay(said)

    def _receive_archive(self, folder: Path) -> None:
        self._unsay()
        start, self.start = self.start, None
        self.show_archive(folder)
        if start is not None:
            start.close()

    def _receive(self, session: Session | None, error: Exception | None) -> None:
        self._unsay()
        if session is not None:
            start, self.start = self.start, None
            window = self.show_session(session)
            if self._with_cards:
                window.when_shown(window.commands.begin_first_steps)
            if start is not None:
                start.close()
            return
        if self.start is not None:
            self.start.set_busy("")
        elif not self.windows and self.archive is None:
            # The window that was to be opened again is gone.
            self.show_start()
        messages.show_error(self._front(), "The file cannot be opened", str(error))

    def _front(self) -> Any:
        last = self.windows[-1] if self.windows else self.archive
        return self.start or self.app.activeWindow() or last

    # -- running ---------------------------------------------------------------------------

    def run(self) -> int:
        """Run until the last window closes; what goes wrong meanwhile is told, and it goes on."""
        guard = self.guard()
        problem = opengl.found().problem
        if problem:
            self._show_problem(Problem(problem))
        with ended_by_ctrl_c(self.app):
            code = self.app.exec()
        self.close()
        guard.remove()
        return code

    def guard(self) -> CrashGuard:
        """Tell what goes wrong from now on, wherever it does, and go on."""
        guard = CrashGuard(self)
        guard.reported.connect(self._show_problem)
        guard.install()
        return guard

    def _show_problem(self, problem: Problem) -> None:
        if self._problems is None:
            self._problems = ProblemBox()
        self._problems.add(problem)
        for window in self.windows:
            # The box may be behind another window.
            window.say(problem.sentence, wrong=True)

    def close(self) -> None:
        """Close what is open, workers and canvases first: PyQt crashes at exit otherwise."""
        if self._problems is not None:
            self._problems.deleteLater()
            self._problems = None
        for window in list(self.windows):
            window.dispose()
            window.deleteLater()
        self.windows.clear()
        if self.archive is not None:
            self.archive.dispose()
            self._forget_archive()
        self.app.sendPostedEvents()
        self.app.processEvents()
        if self._warming is not None:
            # LLVM aborts the process where it ends while a thread is at it.
            self._warming.join(WARM_UP_S)

    def take_screenshot(self, window: MainWindow | ArchiveWindow, path: Path) -> int:
        """Wait until every view has painted, write the window's picture, and end.

        Returns
        -------
        int
            The exit code: 0, or 1 with a sentence on stderr.
        """
        outcome: list[int] = []
        problem = opengl.found().problem
        if problem:
            # It is not the picture that was asked for.
            print(problem, file=sys.stderr)
            self.close()
            return 1
        # Whatever holds this thread up, such as a driver: it ends.
        watchdog = threading.Timer(SCREENSHOT_TIMEOUT_S + 30, os._exit, [1])
        watchdog.daemon = True
        watchdog.start()

        def finish(code: int) -> None:
            outcome.append(code)
            self.app.quit()

        def shoot() -> None:
            try:
                window.picture(path)
            except OSError as error:
                print(error, file=sys.stderr)
                finish(1)
            else:
                finish(0)

        def give_up() -> None:
            print(f"{path}: the views were not painted in time", file=sys.stderr)
            finish(1)

        window.when_shown(shoot, settled=True, every_ms=150)
        QTimer.singleShot(SCREENSHOT_TIMEOUT_S * 1000, give_up)
        self.app.exec()
        self.close()
        return outcome[0] if outcome else 1

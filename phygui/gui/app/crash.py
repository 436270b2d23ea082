"""Whatever raises, wherever it raises, becomes a message, and the rest goes on."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

from qtpy.QtCore import (
    QMessageLogContext,
    QObject,
    QtMsgType,
    Signal,
    qInstallMessageHandler,
)
from qtpy.QtWidgets import QApplication, QMessageBox, QWidget

from phygui.curation.edits.update import EditError
from phygui.errors import DatasetError
from phygui.gui.base.placing import well_placed
from phygui.gui.dialogs.messages import make_plain
from phygui.logs import log_path
from phygui.plugins import blame

log = logging.getLogger(__name__)
qt_log = logging.getLogger("phygui.qt")

MOST_REMEMBERED = 200
"""Different problems that are told apart; of more, all are shown."""

_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


@dataclass(frozen=True)
class Problem:
    """Something that went wrong.

    Attributes
    ----------
    sentence : str
        What, for the user.
    details : str
        Where, for a developer; empty when the sentence says all.
    """

    sentence: str
    details: str = ""

    @classmethod
    def of(cls, error: BaseException, where: str = "") -> Problem:
        """What an exception means to the user.

        Parameters
        ----------
        error : BaseException
            What was raised.
        where : str
            In which part of the program, in a few words.
        """
        if isinstance(error, DatasetError | EditError):
            return cls(str(error))
        text = " ".join(str(error).split())
        place = f" in {where}" if where else ""
        sentence = (
            f"Something went wrong{place} ({type(error).__name__}{': ' if text else ''}"
            f"{text[:200]}). Your edits are on the disk; you can go on."
        )
        return cls(sentence, "".join(traceback.format_exception(error)))


class CrashGuard(QObject):
    """Catches what nothing else has caught, in any thread, and tells of it once.

    Signals
    -------
    reported : Problem
        Something went wrong; emitted in the GUI thread, once per place.
    """

    reported = Signal(object)
    _happened = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.n_suppressed = 0
        self._seen: set[str] = set()
        self._lock = threading.Lock()
        self._before: list[Callable[[], object]] = []
        self._vispy = _VispyErrors(self.report_text)
        # From other threads, this is queued into the thread of the window.
        self._happened.connect(self.reported)

    def install(self) -> None:
        """Take over all ways in which an uncaught exception ends a program, or is lost."""
        hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
        sys.excepthook = self._of_main_thread
        threading.excepthook = self._of_thread
        sys.unraisablehook = self._of_finalizer
        before = qInstallMessageHandler(_log_qt_message)
        logging.getLogger("vispy").addHandler(self._vispy)

        def restore() -> None:
            sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
            qInstallMessageHandler(before)
            logging.getLogger("vispy").removeHandler(self._vispy)

        self._before.append(restore)

    def remove(self) -> None:
        """Give back what :meth:`install` has taken over."""
        while self._before:
            self._before.pop()()

    def report(self, error: BaseException, where: str = "") -> None:
        """Tell of an exception; from any thread.

        Parameters
        ----------
        error : BaseException
            What was raised.
        where : str
            In which part of the program, in a few words: "the waveform view".
        """
        if _is_of_a_plugin(error):
            return
        log.error("uncaught%s", f" in {where}" if where else "", exc_info=error)
        self._tell(Problem.of(error, where), _place(error))

    def report_text(self, sentence: str, details: str = "") -> None:
        """Tell of something that is known as a text only; from any thread."""
        log.error("%s", sentence)
        for line in details.splitlines():
            log.error("  %s", line)
        self._tell(Problem(sentence, details), details or sentence)

    def _tell(self, problem: Problem, place: str) -> None:
        # A view that cannot be drawn fails again at each frame.
        with self._lock:
            if place in self._seen:
                self.n_suppressed += 1
                return
            if len(self._seen) < MOST_REMEMBERED:
                self._seen.add(place)
        self._happened.emit(problem)

    # -- hooks -----------------------------------------------------------------------------

    def _of_main_thread(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if not isinstance(error, Exception):
            app = QApplication.instance()
            if isinstance(error, KeyboardInterrupt) and app is not None:
                app.quit()
                return
            sys.__excepthook__(kind, error, trace)
            return
        self.report(error)

    def _of_thread(self, args: threading.ExceptHookArgs) -> None:
        if isinstance(args.exc_value, Exception):
            name = args.thread.name if args.thread is not None else "a thread"
            self.report(args.exc_value, f"the thread {name}")

    def _of_finalizer(self, args: sys.UnraisableHookArgs) -> None:
        # Nothing that a user could act upon: an object could not be cleaned up.
        log.warning("ignored in %r", args.object, exc_info=args.exc_value)


class _VispyErrors(logging.Handler):
    """What vispy has caught in its callbacks and drawing, and only logs."""

    def __init__(self, tell: Callable[[str, str], None]) -> None:
        super().__init__(logging.ERROR)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        """Tell of an error that vispy logs."""
        if record.name.startswith("phygui"):
            return
        text = record.getMessage().strip()
        last = text.splitlines()[-1].strip() if text else "unknown"
        error = sys.exc_info()[1]
        if error is not None and _is_of_a_plugin(error):
            return
        details = "".join(traceback.format_exception(error)) if error is not None else text
        self._tell(
            f"A view could not be drawn ({last[:200]}). Your edits are on the disk; you can go on.",
            details,
        )


class ProblemBox(QMessageBox):
    """Shows problems without stopping anything; further ones are added to the same box."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            QMessageBox.Icon.Warning, "phygui", "", QMessageBox.StandardButton.Close, parent
        )
        self.setModal(False)
        well_placed(self)
        make_plain(self)
        self.copy_button = self.addButton("Copy details", QMessageBox.ButtonRole.ActionRole)
        # Copying does not close the box.
        self.copy_button.clicked.disconnect()
        self.copy_button.clicked.connect(self.copy)
        self.problems: list[Problem] = []
        # What has been read is forgotten.
        self.finished.connect(self.problems.clear)

    def add(self, problem: Problem) -> None:
        """Show a problem, the newest first."""
        self.problems.append(problem)
        self.setText(problem.sentence)
        more = len(self.problems) - 1
        others = f"{more} more before this one. " if more else ""
        self.setInformativeText(f"{others}The log is {log_path()}")
        self.setDetailedText(self.details())
        make_plain(self)
        self.show()
        # It has no window of its own to stay in front of; the keyboard stays where it is.
        self.raise_()

    def details(self) -> str:
        """Everything there is to copy, the newest first."""
        return "\n\n".join(f"{p.sentence}\n{p.details}".rstrip() for p in self.problems[::-1])

    def copy(self) -> None:
        """Put the details onto the clipboard."""
        clipboard = QApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(self.details())


def _is_of_a_plugin(error: BaseException) -> bool:
    """Whether an exception comes from a plugin, which is then switched off and says so."""
    if isinstance(error, DatasetError | EditError) or (plugin := blame(error)) is None:
        return False
    plugin.fail(error)
    return True


def _place(error: BaseException) -> str:
    """Where an exception was raised, to tell a new one from the same again."""
    frames = traceback.extract_tb(error.__traceback__)
    where = [(frame.filename, frame.lineno) for frame in frames[-3:]]
    return f"{type(error).__name__} {where}"


def _log_qt_message(kind: QtMsgType, context: QMessageLogContext, text: str | None) -> None:
    """Qt's own messages go to the log, not to a terminal that nobody sees."""
    qt_log.log(_LEVELS.get(kind, logging.WARNING), "%s", text or "")

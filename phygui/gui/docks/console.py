"""The console: Python beside the window, in the same process, with the live session at hand.

What it runs is run by the thread of the window. Edits go the way of all edits, through the session.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from qtpy.QtCore import QEvent, Qt, Signal
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QLabel, QTextEdit, QWidget

from phygui.curation.edits.update import EditError
from phygui.errors import DatasetError
from phygui.gui.base.context import WindowContext
from phygui.gui.base.theme import current_theme
from phygui.gui.docks.dock import Dock
from phygui.logs import log_path

NEEDED = "The console needs qtconsole, which is not installed: pip install 'phygui[console]'"
ELSEWHERE = "This window belongs to a notebook: use the notebook as its console."
BANNER = """\
session, model, np and window are at hand. Edits made here are journalled, shown and undone as ever.
What you run here keeps the window waiting until it is done; later(function, ...) runs in a thread.
"""
_STYLES = {"dark": "linux", "light": "lightbg"}


class ConsoleDock(Dock):
    """Holds a console, which is made when it is first shown.

    Parameters
    ----------
    window : WindowContext
    """

    _ended = Signal(str)

    def __init__(self, window: WindowContext) -> None:
        super().__init__("console", "Console")
        self._window = window
        self._kernel: Any = None
        self.console: Any = None
        """The widget of qtconsole, or None."""
        self._ended.connect(window.say)

    def finish(self) -> None:
        """Make the console, or say what it takes."""
        super().finish()
        if self.widget() is None:
            self.hold_widget(self._make())

    def _make(self) -> QWidget:
        os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
        try:
            # Who opens no console need not wait for all that it takes.
            from ipykernel.inprocess.ipkernel import InProcessInteractiveShell
            from qtconsole.inprocess import QtInProcessKernelManager
            from qtconsole.rich_jupyter_widget import RichJupyterWidget
            from traitlets.config import Config, MultipleInstanceError
        except ImportError:
            return _sentence(NEEDED)
        config = Config()
        folder = log_path().parent / "console"
        config.InteractiveShell.ipython_dir = str(folder)
        config.InteractiveShell.enable_tip = False
        config.HistoryManager.hist_file = str(folder / "history.sqlite")
        # Of every window, one of its own.
        InProcessInteractiveShell.clear_instance()
        manager = QtInProcessKernelManager(config=config)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            manager.start_kernel(show_banner=False)
        except MultipleInstanceError:
            return _sentence(ELSEWHERE)
        except OSError as error:
            return _sentence(f"The console cannot keep its history: {error}")
        self._kernel = manager.kernel
        self._kernel.gui = "qt"
        self._kernel.shell.set_custom_exc((EditError, DatasetError), _say_sentence)
        client = manager.client()
        client.start_channels()
        console = self.console = RichJupyterWidget()
        console.banner = BANNER
        console.kernel_banner = ""
        console.kernel_manager, console.kernel_client = manager, client
        console.exit_requested.connect(self.close)
        self._window.session.switched.connect(self.push)
        self.push()
        self._follow_theme()
        for action in console.actions():
            # Of two actions for one key, as Ctrl+S, Qt runs none; the window's come first.
            action.setShortcut(QKeySequence())
        self.setFocusProxy(console)
        widget: QWidget = console
        return widget

    def push(self) -> None:
        """Have the names at hand that the banner tells; the model is that of the active shank."""
        import numpy as np

        window = self._window
        names = {"session": window.session, "model": window.session.model, "np": np}
        self._kernel.shell.push({**names, "window": window, "later": self.later})

    def later(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Future[Any]:
        """Run a function in a thread: ``work = later(f, x)``, then ``work.result()``.

        The status bar says when it is done.
        """
        future: Future[Any] = Future()
        name = getattr(function, "__name__", type(function).__name__)

        def run() -> None:
            try:
                future.set_result(function(*args, **kwargs))
            except BaseException as error:
                future.set_exception(error)
                said = f"{name} failed: {error}"
            else:
                said = f"{name} is done: result() of what later() returned gives its value"
            # The window may be gone by the time that it is done.
            with suppress(RuntimeError):
                self._ended.emit(said)

        threading.Thread(target=run, name="phygui-console", daemon=True).start()
        return future

    def bring_to_front(self) -> None:
        """Show it, and give it the keyboard."""
        super().bring_to_front()
        if self.console is not None:
            # The widget about its text takes no keys, and they would be the window's; another text,
            # which is for help, is hidden.
            for text in self.console.findChildren(QTextEdit):
                if text.isVisible():
                    self.console.setFocusProxy(text)
            self.console.setFocus()

    def _follow_theme(self) -> None:
        if self.console is not None:
            self.console.set_default_style(_STYLES[current_theme()])

    def changeEvent(self, event: QEvent) -> None:
        """The colours are those of the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._follow_theme()

    def dispose(self) -> None:
        """The window closes: what was typed is kept."""
        if self._kernel is None:
            return
        self._window.session.switched.disconnect(self.push)
        shell, self._kernel = self._kernel.shell, None
        # The history of the shell writes in a thread of its own, and ends when it is told.
        shell.history_manager.end_session()
        self.console.kernel_client.stop_channels()
        self.console.kernel_manager.shutdown_kernel()
        shell.reset(new_session=False)


def _say_sentence(shell: Any, kind: type, error: BaseException, trace: Any, **_: Any) -> None:
    """What cannot be done is said in a sentence, without the way to it."""
    print(error)


def _sentence(text: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setWordWrap(True)
    return label

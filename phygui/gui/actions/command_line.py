"""The command line at the foot of the window: completes, runs, and says what is wrong in place."""

from __future__ import annotations

from itertools import takewhile

from qtpy.QtCore import QEvent, QObject, Qt, Signal
from qtpy.QtGui import QFocusEvent, QKeyEvent
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QSizePolicy

from phygui.curation.edits.update import EditError
from phygui.curation.navigation.row_filter import FilterError
from phygui.errors import DatasetError
from phygui.gui.actions.context import ActionContext
from phygui.gui.actions.line_commands import BY_NAME, SNIPPETS, completions, run_snippet
from phygui.gui.base.theme import plain_tip

N_SHOWN = 8
"""Completions listed at once."""


LENT = (Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason)
WIDEST = 16_777_215
"""What Qt takes for no limit."""


class CommandLine(QFrame):
    """Enter runs the line, Escape leaves it, Tab completes, Up and Down bring earlier lines.

    It is there as long as it has the keyboard.

    Signals
    -------
    opened : bool
        It is shown, and takes the room that there is, or not any more.
    """

    opened = Signal(bool)

    def __init__(self, context: ActionContext) -> None:
        super().__init__()
        self._context = context
        self._history: list[str] = []
        self._place = 0
        self.line = QLineEdit()
        self.line.setPlaceholderText("  ".join(snippet.usage for snippet in SNIPPETS[:4]) + "  ...")
        self.message = QLabel()
        self.message.setTextFormat(Qt.TextFormat.PlainText)
        # A long message is cut off rather than making the window wider.
        self.message.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(6, 3, 6, 3)
        layout.addWidget(QLabel(":"))
        layout.addWidget(self.line, 2)
        layout.addWidget(self.message, 3)
        self.line.returnPressed.connect(self._run)
        self.line.textEdited.connect(self._hint)
        self.line.installEventFilter(self)
        self.hide()

    def open(self, text: str = "") -> None:
        """Show the line with a text that may be completed, and give it the keyboard."""
        self.line.setText(text)
        self._place = len(self._history)
        self._hint(text)
        self.show()
        self.opened.emit(True)
        self.line.setFocus()

    def leave(self) -> None:
        """Hide the line and give the keyboard back to the table."""
        self._close()
        self._context.cluster_table.view.setFocus()

    def _close(self) -> None:
        if not self.isHidden():
            self.hide()
            self.opened.emit(False)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take the keys that a line of text does not know."""
        if isinstance(event, QKeyEvent):
            keys = (
                Qt.Key.Key_Escape,
                Qt.Key.Key_Up,
                Qt.Key.Key_Down,
                Qt.Key.Key_Tab,
                Qt.Key.Key_Backtab,
            )
            own = (*keys, Qt.Key.Key_Return, Qt.Key.Key_Enter)
            if event.type() == QEvent.Type.ShortcutOverride and event.key() in own:
                event.accept()
                return True
            if event.type() == QEvent.Type.KeyPress and event.key() in keys:
                self._take(event.key())
                return True
        # A menu of the line, and another window in front, give the keyboard back to it.
        if isinstance(event, QFocusEvent) and event.lostFocus() and event.reason() not in LENT:
            self._close()
        return super().eventFilter(watched, event)

    def _take(self, key: int) -> None:
        if key == Qt.Key.Key_Escape:
            self.leave()
        elif key == Qt.Key.Key_Tab:
            self.complete()
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and self._history:
            step = -1 if key == Qt.Key.Key_Up else 1
            self._place = min(max(self._place + step, 0), len(self._history))
            at_end = self._place == len(self._history)
            self.line.setText("" if at_end else self._history[self._place])
            self._hint(self.line.text())

    def complete(self) -> None:
        """Complete the last word as far as it is clear, and list what it can become."""
        text = self.line.text()
        found = completions(self._context, text)
        if found:
            longer = _beginning(found)
            if len(found) == 1 and not longer.endswith("="):
                longer += " "
            if len(longer) > len(text):
                self.line.setText(longer)
        self._hint(self.line.text())

    def _hint(self, text: str) -> None:
        """Say what the line can become, or else what its command means."""
        name, space, _ = text.lstrip().partition(" ")
        found = completions(self._context, text) if space else []
        snippet = BY_NAME.get(name)
        hint = f"{snippet.usage}: {snippet.tip}" if snippet else ""
        if found:
            start = len(_beginning([text, *found]).rpartition(" ")[0])
            words = [line[start:].strip() for line in found[:N_SHOWN]]
            more = " ..." if len(found) > N_SHOWN else ""
            hint = f"Tab: {'  '.join(words)}{more}"
        self._show(hint)

    def _show(self, text: str, *, wrong: bool = False) -> None:
        # What is wrong is read whole: the line takes no more than what is written in it.
        written = self.line.fontMetrics().horizontalAdvance(self.line.text()) + 24
        self.line.setMaximumWidth(max(written, 160) if wrong else WIDEST)
        self.message.setText(text)
        self.message.setToolTip(plain_tip(text))
        self.message.setProperty("wrong", "true" if wrong else "false")
        self.message.style().polish(self.message)

    def _run(self) -> None:
        text = self.line.text()
        try:
            run_snippet(self._context, text)
        except (EditError, FilterError, DatasetError) as error:
            self._show(str(error), wrong=True)
            self.line.selectAll()
            return
        if text.strip():
            self._history.append(text)
        self.leave()
        self._context.update_state()


def _beginning(texts: list[str]) -> str:
    """What all texts begin with."""
    pairs = zip(min(texts), max(texts), strict=False)
    return "".join(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))

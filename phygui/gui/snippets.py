"""The command line: one-line commands such as ``g 4 9``, with completion and inline errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PyQt5.QtCore import QEvent, QObject, Qt
from PyQt5.QtGui import QKeyEvent
from PyQt5.QtWidgets import QCompleter, QFrame, QHBoxLayout, QLabel, QLineEdit

from phygui.curation.filters import FilterError
from phygui.curation.update import EditError
from phygui.io.errors import KwikError

if TYPE_CHECKING:
    from phygui.gui.main_window import MainWindow


@dataclass(frozen=True)
class Snippet:
    """One command of the command line."""

    name: str
    usage: str
    tip: str
    run: Callable[[MainWindow, str], object]


def _clusters(text: str) -> list[int]:
    """Cluster ids, separated by spaces or commas; ``4-9`` is a range."""
    ids: list[int] = []
    for word in text.replace(",", " ").split():
        first, dash, last = word.partition("-")
        try:
            ids.extend(range(int(first), int(last) + 1) if dash else [int(word)])
        except ValueError:
            raise EditError(f"{word!r} is not a cluster id") from None
        if len(ids) > 100_000:
            raise EditError("too many clusters are named")
    return ids


def _numbers(text: str, n: int, usage: str) -> list[float]:
    words = text.split()
    try:
        values = [float(word) for word in words]
    except ValueError:
        values = []
    if len(values) != n:
        raise EditError(f"usage: {usage}")
    return values


def _merge(w: MainWindow, text: str) -> None:
    w.session.merge(_clusters(text) or None)


def _select(w: MainWindow, text: str) -> None:
    w.session.select(_clusters(text))


def _move(w: MainWindow, text: str) -> None:
    group, _, rest = text.strip().partition(" ")
    w.session.move(_clusters(rest) or w.session.selected, group)


def _filter(w: MainWindow, text: str) -> None:
    w.cluster_table.model.set_filter(text)  # raises before the line changes
    w.cluster_table.filter.setText(text.strip())


def _sort(w: MainWindow, text: str) -> None:
    order = [(word.lstrip("-"), not word.startswith("-")) for word in text.split()]
    if not order:
        raise EditError("usage: s -n_spikes")
    for name, _ in order:
        if name not in w.cluster_table.column_names:
            known = ", ".join(w.cluster_table.column_names)
            raise EditError(f"no column {name!r}; there are {known}")
    w.cluster_table.set_sort_order(list(dict(order).items()))


def _time(w: MainWindow, text: str) -> None:
    w.commands.trace_to(_numbers(text, 1, "t SECONDS")[0])


def _bins(w: MainWindow, text: str) -> None:
    bin_ms, window_ms = _numbers(text, 2, "b BIN_MS WINDOW_MS")
    if not 0 < bin_ms < window_ms:
        raise EditError("the bin must be above 0 and below the window")
    for view in w.views("correlograms"):
        view.set_params(replace(view.params, bin_ms=bin_ms, window_ms=window_ms))


def _label(w: MainWindow, text: str) -> None:
    w.commands.set_label(text)


SNIPPETS = (
    Snippet("g", "g 4 9", "merge clusters; without ids, the selected ones", _merge),
    Snippet("c", "c 4 9", "select clusters", _select),
    Snippet("m", "m good 12", "move clusters to a group; without ids, the selected ones", _move),
    Snippet("l", "l key=value", "label the selected clusters; key= removes the label", _label),
    Snippet("f", 'f n_spikes > 1000 and group != "noise"', "filter the cluster table", _filter),
    Snippet("s", "s -n_spikes", "sort the cluster table by columns; - sorts down", _sort),
    Snippet("t", "t 12.5", "move the traces to a time in seconds", _time),
    Snippet("b", "b 0.5 50", "bin and window of the correlograms, milliseconds", _bins),
)
BY_NAME = {snippet.name: snippet for snippet in SNIPPETS}


def run_snippet(window: MainWindow, line: str) -> None:
    """Run one line.

    Raises
    ------
    EditError, FilterError, KwikError
        If it cannot be done; the text is one sentence.
    """
    name, _, rest = line.strip().lstrip(":").strip().partition(" ")
    if not name:
        return
    if name not in BY_NAME:
        raise EditError(f"no command {name!r}; there are {', '.join(BY_NAME)}")
    BY_NAME[name].run(window, rest)


class CommandLine(QFrame):
    """A line at the foot of the window; Enter runs it, Escape leaves it, Up brings back."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._history: list[str] = []
        self._place = 0
        self.line = QLineEdit()
        self.line.setPlaceholderText("  ".join(snippet.usage for snippet in SNIPPETS[:4]) + "  ...")
        completer = QCompleter([s.usage for s in SNIPPETS], self.line)
        completer.setCaseSensitivity(Qt.CaseSensitive)
        self.line.setCompleter(completer)
        self.message = QLabel()
        self.message.setTextFormat(Qt.PlainText)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(6, 3, 6, 3)
        layout.addWidget(QLabel(":"))
        layout.addWidget(self.line, 2)
        layout.addWidget(self.message, 1)
        self.line.returnPressed.connect(self._run)
        self.line.textEdited.connect(self._hint)
        self.line.installEventFilter(self)
        self.hide()

    def open(self) -> None:
        """Show the line and give it the keyboard."""
        self.message.clear()
        self.line.clear()
        self._place = len(self._history)
        self.show()
        self.line.setFocus()

    def leave(self) -> None:
        """Hide the line and give the keyboard back to the table."""
        self.hide()
        self._window.cluster_table.view.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Escape leaves; Up and Down walk through the earlier lines."""
        if event.type() == QEvent.ShortcutOverride and isinstance(event, QKeyEvent):
            if event.key() in (Qt.Key_Escape, Qt.Key_Up, Qt.Key_Down):
                event.accept()
                return True
        elif event.type() == QEvent.KeyPress and isinstance(event, QKeyEvent):
            if event.key() == Qt.Key_Escape:
                self.leave()
                return True
            if event.key() in (Qt.Key_Up, Qt.Key_Down) and self._history:
                step = -1 if event.key() == Qt.Key_Up else 1
                self._place = min(max(self._place + step, 0), len(self._history))
                at_end = self._place == len(self._history)
                self.line.setText("" if at_end else self._history[self._place])
                return True
        return super().eventFilter(watched, event)

    def _hint(self, text: str) -> None:
        snippet = BY_NAME.get(text.strip().partition(" ")[0])
        self.message.setStyleSheet("")
        self.message.setText(f"{snippet.usage}: {snippet.tip}" if snippet else "")

    def _run(self) -> None:
        text = self.line.text()
        try:
            run_snippet(self._window, text)
        except (EditError, FilterError, KwikError) as error:
            self.message.setText(str(error))
            self.message.setStyleSheet("color: #ff8a80")
            self.line.selectAll()
            return
        if text.strip():
            self._history.append(text)
        self.leave()
        self._window.update_state()


def snippet_rows() -> list[tuple[str, str]]:
    """Usage and meaning of every snippet, for the list of keys."""
    return [(f":{snippet.usage}", snippet.tip) for snippet in SNIPPETS]

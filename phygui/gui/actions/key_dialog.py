"""The dialog in which actions get other keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from qtpy.QtCore import QEvent, Qt, Signal
from qtpy.QtGui import QKeyEvent, QKeySequence, QStandardItemModel
from qtpy.QtWidgets import QDialogButtonBox, QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget

from phygui.gui.actions.keys import Bindable, KeyConflict, Keys
from phygui.gui.dialogs.search_list import SearchList

_MODIFIERS = (
    Qt.Key.Key_Shift,
    Qt.Key.Key_Control,
    Qt.Key.Key_Alt,
    Qt.Key.Key_Meta,
    Qt.Key.Key_AltGr,
    Qt.Key.Key_CapsLock,
    Qt.Key.Key_NumLock,
    Qt.Key.Key_unknown,
)


def key_of(event: QKeyEvent) -> str:
    """The key that an event stands for, in portable text; empty for a modifier alone."""
    if event.key() in _MODIFIERS:
        return ""
    modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    text = event.text()
    # On a sign such as ":", Shift depends on the keyboard and is not part of the key.
    if len(text) == 1 and text.isprintable() and not text.isalnum() and not text.isspace():
        modifiers &= ~Qt.KeyboardModifier.ShiftModifier
    keys = QKeySequence(modifiers | Qt.Key(event.key()))
    return keys.toString(QKeySequence.SequenceFormat.PortableText)


class KeyLine(QLineEdit):
    """Shows the key that is pressed in it."""

    pressed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setPlaceholderText("click here and press a key")

    def event(self, event: QEvent) -> bool:
        """Every key is for this line, those that do something elsewhere too."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            key = key_of(event)
            if key:
                self.setText(key)
                self.pressed.emit(key)
            return True
        return super().event(event)


class KeyDialog(SearchList):
    """Every action with its keys; the current one's can be changed."""

    def __init__(self, parent: QWidget, keys: Keys) -> None:
        self._keys = keys
        rows = [(a.title, keys.text(a), a.menu.partition("|")[0], a.tip) for a in keys.actions]
        super().__init__(
            parent, "Change keys", ["action", "keys", "menu", ""], rows, size=(860, 640)
        )
        self.line = KeyLine()
        self.message = QLabel()
        self.message.setTextFormat(Qt.TextFormat.PlainText)
        self.message.setWordWrap(True)
        # Enter in the search line must not press a button.
        self.buttons: dict[str, QPushButton] = {}
        row = QHBoxLayout()
        row.addWidget(QLabel("key"))
        row.addWidget(self.line, 1)
        for name, text, tip in (
            ("set", "Set", "make this the only key of the action"),
            ("add", "Add", "give the action this key too"),
            ("remove", "Remove all", "leave the action without a key"),
            ("default", "Default", "restore the default keys of the action"),
        ):
            self.buttons[name] = button = QPushButton(text)
            button.setToolTip(tip)
            button.setAutoDefault(False)
            button.clicked.connect(getattr(self, f"_{name}"))
            row.addWidget(button)
        box = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Close | QDialogButtonBox.StandardButton.RestoreDefaults
        )
        box.rejected.connect(self.reject)
        everything = box.button(QDialogButtonBox.StandardButton.RestoreDefaults)
        everything.setText("All defaults")
        everything.clicked.connect(lambda: self._attempt(self._keys.reset))
        for which in (
            QDialogButtonBox.StandardButton.Close,
            QDialogButtonBox.StandardButton.RestoreDefaults,
        ):
            box.button(which).setAutoDefault(False)
        layout = self.layout()
        assert layout is not None
        bar = QWidget()
        bar.setLayout(row)
        row.setContentsMargins(0, 0, 0, 0)
        for widget in (bar, self.message, box):
            layout.addWidget(widget)
        self.line.pressed.connect(lambda _: self._say(""))
        self._show_keys()

    def accept(self) -> None:
        """Enter in the search line goes to the line for the key."""
        self.line.setFocus()

    @property
    def action(self) -> Bindable | None:
        """The action of the current row."""
        chosen = self.chosen
        return None if chosen is None else self._keys.actions[chosen]

    def _set(self) -> None:
        self._bind(lambda action: (self.line.text(),))

    def _add(self) -> None:
        self._bind(lambda action: (*self._keys[action], self.line.text()))

    def _remove(self) -> None:
        self._bind(lambda action: ())

    def _default(self) -> None:
        self._attempt(lambda: self._keys.reset(self.action))

    def _bind(self, keys: Callable[[Bindable], Iterable[str]]) -> None:
        action = self.action
        if action is not None:
            self._attempt(lambda: self._keys.bind(action, keys(action)))

    def _attempt(self, change: Callable[[], None]) -> None:
        try:
            change()
        except KeyConflict as conflict:
            self._say(str(conflict), wrong=True)
        else:
            self._say("")
            self._show_keys()

    def _say(self, text: str, *, wrong: bool = False) -> None:
        self.message.setText(text)
        self.message.setProperty("wrong", "true" if wrong else "false")
        self.message.style().polish(self.message)

    def _show_keys(self) -> None:
        """Write the keys in effect; those that the user has changed are bold."""
        model = self.proxy.sourceModel()
        assert isinstance(model, QStandardItemModel)
        for row, action in enumerate(self._keys.actions):
            item = model.item(row, 1)
            item.setText(self._keys.text(action))
            font = item.font()
            font.setBold(not self._keys.is_declared(action))
            item.setFont(font)

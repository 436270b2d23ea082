"""The dialog in which a group of clusters is added, or gets another key or colour."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import (
    QColorDialog,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from phygui.gui.base.placing import well_placed
from phygui.gui.base.theme import swatch

Known = tuple[str, str, str]
"""Name, letter of the keys, and colour of a group."""


class GroupDialog(QDialog):
    """Asks for the name, the key and the colour of a group.

    Parameters
    ----------
    parent : QWidget
    known : sequence of (str, str, str)
        The groups beyond the four; choosing one changes its key and colour.
    letter_for : callable
        The letter that is proposed for a name.
    problem_of : callable
        What is wrong with a name and a letter, in one sentence; empty if nothing is.
    remove : callable
        Removes the group of a name; returns why it stays, in one sentence, or nothing.
    removed : str, optional
        The group that may be removed, if the dialog is asked for that.
    """

    def __init__(
        self,
        parent: QWidget,
        known: Sequence[Known],
        letter_for: Callable[[str], str],
        problem_of: Callable[[str, str], str],
        remove: Callable[[str], str],
        removed: str = "",
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Remove a group" if removed else "New group")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(460)
        well_placed(self)
        # Names that differ in the case of letters only are one group.
        self._known = {group[0].casefold(): group for group in known}
        self._letter_for, self._problem_of = letter_for, problem_of
        self._take_out = remove
        self.color = ""
        self.name = QComboBox()
        self.name.setEditable(True)
        self.name.addItems([name for name, _, _ in known])
        self.name.setCurrentText("")
        line = self.name.lineEdit()
        assert line is not None
        line.setPlaceholderText("interneuron")
        self.letter = QLineEdit()
        self.letter.setMaxLength(1)
        self.letter.setPlaceholderText("a letter or digit, or none")
        self.keys = QLabel()
        self.keys.setObjectName("hint")
        self.keys.setWordWrap(True)
        self.color_button = QPushButton()
        self.color_button.setAutoDefault(False)
        self.color_button.clicked.connect(self._ask_color)
        self.message = QLabel()
        self.message.setTextFormat(Qt.TextFormat.PlainText)
        self.message.setWordWrap(True)
        self.message.setProperty("wrong", "true")
        form = QFormLayout()
        for title, widget in (
            ("&Name", self.name),
            ("&Key", self.letter),
            ("", self.keys),
            ("C&olour", self.color_button),
        ):
            form.addRow(title, widget)
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self.remove_button = QPushButton("&Remove group")
        self.remove_button.setToolTip(
            "take the group out of this dataset, and forget its key and colour"
        )
        self.buttons.addButton(self.remove_button, QDialogButtonBox.ButtonRole.DestructiveRole)
        self.remove_button.clicked.connect(self._remove)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.message)
        layout.addStretch()
        layout.addWidget(self.buttons)
        self.name.editTextChanged.connect(self._name_changed)
        self.letter.textEdited.connect(self._letter_edited)
        self._has_chosen_letter = False
        self._set_color("")
        self._check()
        if removed:
            self.name.setCurrentText(removed)
            self.remove_button.setDefault(True)

    @property
    def group(self) -> Known:
        """Name, letter and colour as they are now."""
        name = self.name.currentText().strip()
        if (known := self._known.get(name.casefold())) is not None:
            name = known[0]
        return name, self.letter.text().upper(), self.color

    def _name_changed(self, name: str) -> None:
        if (known := self._known.get(name.strip().casefold())) is not None:
            _, letter, color = known
            self.letter.setText(letter)
            self._set_color(color)
        elif not self._has_chosen_letter:
            self.letter.setText(self._letter_for(name) if name.strip() else "")
        self._check()

    def _letter_edited(self) -> None:
        self._has_chosen_letter = True
        self._check()

    def _check(self) -> None:
        name, letter, _ = self.group
        problem = self._problem_of(name, letter) if name else ""
        self.message.setText(problem)
        self.keys.setText(
            f"Alt+{letter} moves the best clusters, Ctrl+{letter} the matches, "
            f"Ctrl+Alt+{letter} all"
            if letter
            else "without a key it is reached from the menu and the palette"
        )
        button = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        button.setEnabled(bool(name) and not problem)
        is_known = name.casefold() in self._known
        # Its letter is given here, where the text is.
        button.setText("Chan&ge it" if is_known else "&Add it")
        self.remove_button.setEnabled(is_known)

    def _remove(self) -> None:
        if problem := self._take_out(self.group[0]):
            self.message.setText(problem)
        else:
            self.reject()

    def _ask_color(self) -> None:
        dialog = QColorDialog(QColor(self.color or "#d4d7dd"), self)
        dialog.setWindowTitle("Colour of the group")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.colorSelected.connect(lambda color: self._set_color(color.name()))
        well_placed(dialog)
        dialog.open()

    def _set_color(self, color: str) -> None:
        self.color = color
        self.color_button.setText(color or "as other text")
        self.color_button.setIcon(swatch(color))

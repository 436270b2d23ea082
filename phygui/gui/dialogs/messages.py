"""Questions and messages of one sentence: errors, unsaved edits, about."""

from __future__ import annotations

import platform
from collections.abc import Sequence

import qtpy
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QMessageBox, QWidget

from phygui._version import __version__
from phygui.curation.durability.recovery import UnsavedEdit
from phygui.curation.session import Session
from phygui.gui.base.placing import well_placed

N_EDITS = 8
"""Edits that a question about them lists; the others are in its details."""


def make_plain(box: QMessageBox) -> None:
    """Show texts as they are: what a file holds is never taken as markup."""
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    for label in box.findChildren(QLabel):
        label.setTextFormat(Qt.TextFormat.PlainText)


def show_error(parent: QWidget | None, title: str, sentence: str, details: str = "") -> None:
    """Say in one sentence what went wrong; details can be unfolded and copied."""
    box = QMessageBox(
        QMessageBox.Icon.Warning, title, sentence, QMessageBox.StandardButton.Ok, parent
    )
    well_placed(box)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    if details:
        box.setDetailedText(details)
    box.exec()


def describe_edits(box: QMessageBox, edits: Sequence[UnsavedEdit], more: str = "") -> None:
    """List the last of some edits, and all of them in the details if those are more."""
    lines = [str(edit) for edit in edits]
    n_left = len(lines) - N_EDITS
    last = "\n".join(
        [*lines[-N_EDITS:], *([f"... and {n_left} before these"] if n_left > 0 else [])]
    )
    box.setInformativeText("\n\n".join(filter(None, [last, more])))
    if n_left > 0:
        box.setDetailedText("\n".join(lines))
    make_plain(box)


def ask_unsaved(parent: QWidget, session: Session) -> str:
    """Ask what to do with unsaved edits: "save", "discard" or "cancel"."""
    n = session.n_unsaved
    box = QMessageBox(
        QMessageBox.Icon.Question,
        "Unsaved edits",
        f"{session.path.name} has {n} unsaved edit{'s' if n != 1 else ''}.",
        QMessageBox.StandardButton.Save
        | QMessageBox.StandardButton.Discard
        | QMessageBox.StandardButton.Cancel,
        parent,
    )
    well_placed(box)
    question = f"Save {'them' if n != 1 else 'it'} before closing?"
    describe_edits(box, session.journal.edits_to_save, question)
    box.setDefaultButton(QMessageBox.StandardButton.Save)
    answer = box.exec()
    if answer == QMessageBox.StandardButton.Save:
        return "save"
    return "discard" if answer == QMessageBox.StandardButton.Discard else "cancel"


def about(parent: QWidget) -> None:
    """Say what this program is, and with what it runs."""
    box = QMessageBox(parent)
    well_placed(box)
    box.setWindowTitle("About phygui")
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(f"phygui {__version__}\nManual curation of spike sorting.")
    box.setInformativeText(
        f"Python {platform.python_version()}\nQt {qtpy.QT_VERSION}\n"
        f"{qtpy.API_NAME} {qtpy.PYQT_VERSION}\n\n"
        "BSD 3-Clause License"
    )
    box.exec()

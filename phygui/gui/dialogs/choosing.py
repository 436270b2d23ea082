"""Which dataset the user wants: chosen in a dialog, or dropped on a window."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from qtpy.QtCore import QEvent, QObject, Signal
from qtpy.QtGui import QDropEvent
from qtpy.QtWidgets import QFileDialog, QWidget

from phygui.dataset import formats


class Ask(Enum):
    """What is asked for: a dialog chooses files or folders, not both."""

    FILE = "file"
    FOLDER = "folder"
    ARCHIVE = "archive"
    """A folder that many datasets are in."""
    FIRST_STEPS = "first steps"
    """The demo, with the cards of the first steps over it."""
    NEXT = "next"
    """No question: the next session of the open archive that has something to decide."""


def choose_dataset(parent: QWidget | None, ask: Ask, start: Path | None) -> Path | None:
    """Ask for a dataset, first in the folder ``start``; None if the user does not want one."""
    folder = "" if start is None else str(start)
    if ask is not Ask.FILE:
        what = "a folder that is a dataset" if ask is Ask.FOLDER else "a folder of many datasets"
        name = QFileDialog.getExistingDirectory(parent, f"Open {what}", folder)
    else:
        files = (known.patterns for known in formats() if not known.is_folder)
        patterns = " ".join(pattern for those in files for pattern in those)
        name, _ = QFileDialog.getOpenFileName(
            parent, "Open a dataset", folder, f"Datasets ({patterns});;All files (*)"
        )
    return Path(name) if name else None


class DropTarget(QObject):
    """Takes files and folders that are dropped on a widget.

    Signals
    -------
    dropped : Path
        The first of them.
    """

    dropped = Signal(object)

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        widget.setAcceptDrops(True)
        widget.installEventFilter(self)

    def eventFilter(self, _: QObject | None, event: QEvent | None) -> bool:
        """Take what is dragged here if it is local files; all other events go on."""
        if not isinstance(event, QDropEvent) or event.type() not in (
            QEvent.Type.DragEnter,
            QEvent.Type.Drop,
        ):
            return False
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if not paths:
            return False
        event.acceptProposedAction()
        if event.type() == QEvent.Type.Drop:
            self.dropped.emit(Path(paths[0]))
        return True

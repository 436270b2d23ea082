"""The window without a dataset: recent files, open, demo."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QCloseEvent
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from phygui._version import __version__
from phygui.gui.app.recent_list import DECIDED, DETAILS, PATH, Overviews, RecentDelegate
from phygui.gui.base.recent import Lookout
from phygui.gui.base.settings import Settings
from phygui.gui.base.theme import icon, plain_tip
from phygui.gui.dialogs.choosing import Ask, DropTarget

HINT = "or drop a file or folder here"


class StartWindow(QWidget):
    """Recent files, a button to open another one, and one for the demo."""

    open_wanted = Signal(object)
    """A path, "demo", or an Ask."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.setWindowTitle("phygui")
        self.resize(760, 520)
        DropTarget(self).dropped.connect(self.open_wanted)
        logo = QLabel()
        logo.setPixmap(icon("phygui").pixmap(48, 48))
        title = QLabel("phygui")
        font = title.font()
        font.setPointSize(font.pointSize() + 10)
        title.setFont(font)
        version = QLabel(f"{__version__}, manual curation of spike sorting")
        version.setObjectName("hint")
        head = QHBoxLayout()
        head.addWidget(logo)
        head.addWidget(title)
        head.addSpacing(8)
        head.addWidget(version, 1, Qt.AlignmentFlag.AlignBottom)

        self.recent = QListWidget()
        self.recent.setItemDelegate(RecentDelegate(self.recent))
        for path in settings.recent():
            item = QListWidgetItem(f"{path.name}    {path.parent}")
            item.setData(Qt.ItemDataRole.UserRole, str(path))
            item.setToolTip(plain_tip(str(path)))
            self.recent.addItem(item)
        self._say_if_empty()
        self.lookout = Lookout(self)
        self.lookout.missing.connect(self._drop)
        self.overviews = Overviews(self)
        self.overviews.told.connect(self._tell)
        self.lookout.found.connect(self.overviews.look_at)
        self.lookout.look_for(settings.recent())
        self.recent.itemActivated.connect(
            lambda item: self.open_wanted.emit(item.data(Qt.ItemDataRole.UserRole))
        )
        self.open_button = QPushButton(icon("open"), "Open a dataset ...")
        self.open_button.setShortcut("Ctrl+O")
        self.open_button.clicked.connect(lambda: self.open_wanted.emit(Ask.FILE))
        self.folder_button = QPushButton("Open a folder ...")
        self.folder_button.clicked.connect(lambda: self.open_wanted.emit(Ask.FOLDER))
        self.demo_button = QPushButton("Open the demo")
        self.demo_button.clicked.connect(lambda: self.open_wanted.emit("demo"))
        self.steps_button = QPushButton(icon("help"), "First steps")
        self.steps_button.setToolTip("six cards over the demo show how to curate")
        self.steps_button.clicked.connect(lambda: self.open_wanted.emit(Ask.FIRST_STEPS))
        self.note = QLabel(HINT)
        self.note.setObjectName("hint")
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        buttons = QHBoxLayout()
        buttons.addWidget(self.open_button)
        buttons.addWidget(self.folder_button)
        buttons.addWidget(self.demo_button)
        buttons.addStretch()
        buttons.addWidget(self.steps_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 14)
        layout.addLayout(head)
        layout.addSpacing(8)
        layout.addWidget(QLabel("Recent files"))
        layout.addWidget(self.recent, 1)
        layout.addLayout(buttons)
        layout.addWidget(self.note)

    def _say_if_empty(self) -> None:
        if not self.recent.count():
            item = QListWidgetItem(
                "no recent files: open a dataset, drop one here, or try the demo"
            )
            item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.recent.addItem(item)

    def _tell(self, path: Path, words: str, decided: tuple[int, int]) -> None:
        """Say what is known of a dataset."""
        for row in range(self.recent.count()):
            item = self.recent.item(row)
            if item is not None and item.data(PATH) == str(path):
                item.setData(DETAILS, words)
                item.setData(DECIDED, decided)
                item.setToolTip(plain_tip(f"{path}\n{words}"))

    def _drop(self, path: Path) -> None:
        """A file is not there; what a drive that is gone holds stays as long as it is not known."""
        for row in reversed(range(self.recent.count())):
            item = self.recent.item(row)
            if item is not None and item.data(Qt.ItemDataRole.UserRole) == str(path):
                self.recent.takeItem(row)
        self._say_if_empty()

    def set_busy(self, text: str) -> None:
        """Say what is going on; nothing else can be opened meanwhile."""
        self.overviews.pause(bool(text))
        self.note.setText(text or HINT)
        buttons = self.open_button, self.folder_button, self.demo_button, self.steps_button
        for widget in (self.recent, *buttons):
            widget.setEnabled(not text)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Read no more."""
        self.overviews.stop()
        super().closeEvent(event)

"""The manual: the pages of the documentation, as they come with the program."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, QTimer, QUrl, Signal
from qtpy.QtGui import (
    QBrush,
    QDesktopServices,
    QImage,
    QResizeEvent,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextTable,
    QTextTableFormat,
)
from qtpy.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QPushButton,
    QSplitter,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from phygui.gui.base.placing import well_placed
from phygui.gui.base.theme import color

PAGES = (
    "first-steps", "dataset", "views", "shortcuts", "suggestions", "safety", "formats", "export",
    "quality-metrics", "similarity", "questions", "installing", "coming-from-kilosort",
    "coming-from-spikeinterface", "coming-from-klustaviewa", "coming-from-phy", "performance",
    "writing-a-metric", "writing-a-view", "architecture",
)  # fmt: skip
"""In the order in which they are listed; pages that are not named here come last."""
LEFT_OUT = ("index", "api")
"""Pages that only a website needs."""


@cache
def manual_folder() -> Path | None:
    """Where the pages are: in the installed package, or in the project's folder."""
    resources = Path(str(files("phygui.resources")))
    for folder in (resources / "manual", resources.parent / "docs"):
        if (folder / "views.md").is_file():
            return folder
    return None


def pages() -> dict[str, Path]:
    """The pages by their names, in order."""
    folder = manual_folder()
    found = {} if folder is None else {path.stem: path for path in sorted(folder.glob("*.md"))}
    names = [name for name in (*PAGES, *found) if name in found and name not in LEFT_OUT]
    return {name: found[name] for name in dict.fromkeys(names)}


def title_of(text: str) -> str:
    """The first heading of a page."""
    return next((line[2:].strip() for line in text.splitlines() if line.startswith("# ")), "")


def slug(heading: str) -> str:
    """What a link calls a heading."""
    return re.sub(r"[^\w\- ]", "", heading.casefold()).strip().replace(" ", "-")


def _look_of_tables(table: QTextTable) -> QTextTableFormat:
    """Thin lines, and room about the text."""
    look = table.format()
    look.setBorderCollapse(True)
    look.setBorderStyle(QTextTableFormat.BorderStyle.BorderStyle_Solid)
    look.setBorder(1)
    look.setBorderBrush(QBrush(color("line")))
    look.setCellPadding(4)
    look.setBottomMargin(8)
    return look


def _color_links(document: QTextDocument) -> None:
    """Tell links from other text."""
    links, block = [], document.begin()
    while block.isValid():
        pieces = (piece for piece in block.textFormats() if piece.format.isAnchor())
        links += [(block.position() + piece.start, piece.length) for piece in pieces]
        block = block.next()
    look = QTextCharFormat()
    look.setForeground(QBrush(color("link")))
    cursor = QTextCursor(document)
    for start, length in links:
        cursor.setPosition(start)
        cursor.setPosition(start + length, QTextCursor.MoveMode.KeepAnchor)
        cursor.mergeCharFormat(look)


class _Page(QTextBrowser):
    """Shows a page; pictures are no wider than it is."""

    widened = Signal()
    """It is wider, or narrower, than it was."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Tell when pictures have another room."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.widened.emit()

    def loadResource(self, kind: int, name: QUrl) -> Any:
        """A picture, made to fit."""
        found = super().loadResource(kind, name)
        if kind == QTextDocument.ResourceType.ImageResource and not isinstance(found, QImage):
            image = QImage(self.source().resolved(name).toLocalFile())
            room = max(self.viewport().width() - 40, 200)
            # Those of the documentation are drawn at twice their size.
            return (
                image
                if image.width() <= room
                else image.scaledToWidth(room, Qt.TransformationMode.SmoothTransformation)
            )
        return found


class Manual(QDialog):
    """A window with the pages at the left, and one of them."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Manual")
        self.resize(1080, 760)
        well_placed(self)
        self._pages = list(pages().items())
        self._texts = [path.read_text("utf-8") for _, path in self._pages]
        self.list = QListWidget()
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for (name, _), text in zip(self._pages, self._texts, strict=True):
            self.list.addItem(title_of(text) or name)
        self.page = _Page()
        self.page.setOpenLinks(False)
        self.page.document().setDocumentMargin(16)
        # Else its width would depend on what is shown, and pictures on its width.
        self.page.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.page.anchorClicked.connect(self._follow)
        self.search = QLineEdit()
        self.search.setPlaceholderText("search all pages: Enter goes to the next place")
        self.search.returnPressed.connect(self.find_next)
        self.note = QLabel()
        self.note.setObjectName("hint")
        self.back = QPushButton("Back")
        self.back.setAutoDefault(False)
        self.back.setEnabled(False)
        self.back.clicked.connect(self._go_back)
        self._past: list[tuple[int, int]] = []
        head = QHBoxLayout()
        head.addWidget(self.back)
        head.addWidget(self.search, 1)
        head.addWidget(self.note)
        sides = QSplitter()
        sides.addWidget(self.list)
        sides.addWidget(self.page)
        # Titles are read in full, and each is one line.
        titles = self.list.sizeHintForColumn(0) + 2 * self.list.frameWidth() + 8
        sides.setSizes([titles, self.width() - titles])
        sides.setStretchFactor(1, 1)
        layout = QVBoxLayout(self)
        layout.addLayout(head)
        layout.addWidget(sides, 1)
        self.list.currentRowChanged.connect(self._show)
        # While the window is dragged to another size, pictures wait.
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(50)
        self._wait.timeout.connect(self._fit)
        self.page.widened.connect(self._wait.start)
        if self._pages:
            self.list.setCurrentRow(0)
        else:
            self.page.setPlainText("The pages of the manual are not installed with this program.")

    def _show(self, row: int) -> None:
        name, path = self._pages[row]
        # What a website makes of a page is in comments, and in blocks of its own.
        text = re.sub(r"<!--.*?-->", "", self._texts[row], flags=re.DOTALL)
        self.page.document().setBaseUrl(QUrl.fromLocalFile(str(path)))
        self.page.document().setMarkdown(text, QTextDocument.MarkdownFeature.MarkdownDialectGitHub)
        for frame in self.page.document().rootFrame().childFrames():
            if isinstance(frame, QTextTable):
                frame.setFormat(_look_of_tables(frame))
        _color_links(self.page.document())
        self.page.moveCursor(QTextCursor.MoveOperation.Start)
        self.setWindowTitle(f"Manual: {title_of(text) or name}")

    def _fit(self) -> None:
        """Make pictures as wide as there is room for now."""
        bar = self.page.verticalScrollBar()
        part = bar.value() / max(bar.maximum(), 1)
        if self.list.currentRow() >= 0:
            self._show(self.list.currentRow())
            bar.setValue(round(part * bar.maximum()))

    def _follow(self, url: QUrl) -> None:
        """Go where a link leads: to a page, to a heading, or out to the browser."""
        if url.scheme() in ("http", "https"):
            QDesktopServices.openUrl(url)
            return
        names = [name for name, _ in self._pages]
        name = Path(url.path()).stem
        here = self.list.currentRow()
        if url.path() and name not in names:
            return
        self._past.append((here, self.page.verticalScrollBar().value()))
        self.back.setEnabled(True)
        self.list.setCurrentRow(names.index(name) if url.path() else here)
        if url.hasFragment():
            self.go_to(url.fragment())

    def go_to(self, heading: str) -> None:
        """Bring a heading to the top, as links call it."""
        block = self.page.document().begin()
        while block.isValid():
            if block.blockFormat().headingLevel() and slug(block.text()) == heading:
                bar = self.page.verticalScrollBar()
                layout = self.page.document().documentLayout()
                bar.setValue(round(layout.blockBoundingRect(block).top()))
                return
            block = block.next()

    def _go_back(self) -> None:
        row, place = self._past.pop()
        self.list.setCurrentRow(row)
        self.page.verticalScrollBar().setValue(place)
        self.back.setEnabled(bool(self._past))

    def find_next(self) -> None:
        """Go to the next place of what is searched, on this page or a later one."""
        wanted, n = self.search.text(), len(self._pages)
        if not wanted or self.page.find(wanted):
            self.note.setText("")
            return
        row = self.list.currentRow()
        others = [(row + k) % n for k in range(1, n + 1)]
        there = [k for k in others if wanted.casefold() in self._texts[k].casefold()]
        for k in there:
            self.list.setCurrentRow(k)
            self.page.moveCursor(QTextCursor.MoveOperation.Start)
            if self.page.find(wanted):
                self.note.setText("")
                return
        self.note.setText("nothing matches")

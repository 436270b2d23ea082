"""Puts the parts of a dock beside, below or behind one another, as there is room."""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QSplitter, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from phygui.gui.tables.plain_table import PlainTable

LEAST_FIGURE = QSize(220, 150)
"""Pixels in which a picture still says something."""
LEAST_ROWS = 5
"""Rows of each table below which it is better to have one at a time."""
_GAP = 6


class Parts(QWidget):
    """A list, a picture and a table of numbers in whatever size there is.

    In a row where that is wide enough; else the tables share one side and the picture has the
    other; where that is too small for it, picture and numbers are two pages.

    Parameters
    ----------
    list_ : PlainTable
        Columns of it go where there is no room for them.
    figure : QWidget
    numbers : PlainTable
    pages : QTabBar
        What turns the pages; it shows when there are any.
    """

    def __init__(
        self, list_: PlainTable, figure: QWidget, numbers: PlainTable, pages: QTabBar
    ) -> None:
        super().__init__()
        self._list, self._figure, self._numbers, self._tabs = list_, figure, numbers, pages
        self.form = ""
        """How they are arranged now: ``row``, ``wide``, ``tall``, or with pages."""
        self._outer, self._tables, self._pages = QSplitter(), QSplitter(), QStackedWidget()
        self._is_dragged = False
        for splitter in (self._outer, self._tables):
            splitter.setChildrenCollapsible(False)
            splitter.splitterMoved.connect(self._dragged)
        for name in ("Picture", "Metrics"):
            pages.addTab(name)
        pages.hide()
        pages.currentChanged.connect(self._pages.setCurrentIndex)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._outer)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Arrange the parts anew where the size asks for it."""
        super().resizeEvent(event)
        self.arrange()

    def arrange(self) -> None:
        """Arrange the parts as is best in this size, and for what the list has to say."""
        form = self._best_form()
        if form != self.form:
            self.form = form
            self._is_dragged = False
            self._put_in_place()
        if not self._is_dragged:
            self._share()

    def _dragged(self) -> None:
        self._is_dragged = True

    def _widths(self) -> tuple[int, int, int]:
        """What the list needs at least and for all its columns, and what the numbers need."""
        digit = self._numbers.fontMetrics().horizontalAdvance("0")
        bar = self._numbers.verticalScrollBar()
        beside = bar.sizeHint().width() if bar is not None else 0
        least, whole = self._list.needs
        return (
            max(12 * digit, least) + beside,
            max(30 * digit, whole) + beside,
            33 * digit + beside,
        )

    def _height(self, n_rows: int) -> int:
        row = self._numbers.verticalHeader()
        return (n_rows + 1) * (row.defaultSectionSize() if row is not None else 20)

    def _best_form(self) -> str:
        width, height = self.width(), self.height()
        least, whole, numbers = self._widths()
        if width >= whole + LEAST_FIGURE.width() + numbers + 2 * _GAP:
            return "row"
        figure, rows = LEAST_FIGURE, self._height(LEAST_ROWS)
        if width > 1.1 * height:
            fits = width >= max(whole, numbers) + figure.width() and height >= 2 * rows + _GAP
            return "wide" if fits else "wide, with pages"
        fits = width >= least + numbers + _GAP and height >= rows + figure.height() + _GAP
        return "tall" if fits else "tall, with pages"

    def _put_in_place(self) -> None:
        outer, tables, pages = self._outer, self._tables, self._pages
        has_pages, is_tall = self.form.endswith("pages"), self.form.startswith("tall")
        outer.setOrientation(Qt.Orientation.Vertical if is_tall else Qt.Orientation.Horizontal)
        # The shorter way is divided between the tables.
        tables.setOrientation(Qt.Orientation.Horizontal if is_tall else Qt.Orientation.Vertical)
        for part in (self._list, self._figure, self._numbers, tables, pages):
            # What is hidden in a splitter would still count among its sizes.
            part.setParent(self)
        if has_pages:
            outer.addWidget(self._list)
            for part in (self._figure, self._numbers):
                pages.addWidget(part)
            outer.addWidget(pages)
        elif self.form == "row":
            for part in (self._list, self._figure, self._numbers):
                outer.addWidget(part)
        else:
            for part in (self._list, self._numbers):
                tables.addWidget(part)
            for part in (tables, self._figure):
                outer.addWidget(part)
        for part in (self._list, self._figure, self._numbers):
            part.show()
        pages.setVisible(has_pages)
        tables.setVisible(self.form in ("wide", "tall"))
        if has_pages:
            # One of them shows, and the other has been shown just now.
            pages.setCurrentIndex(1 - self._tabs.currentIndex())
            pages.setCurrentIndex(self._tabs.currentIndex())
        self._tabs.setVisible(has_pages)

    def _share(self) -> None:
        """Give each part its share."""
        width, height = self.width(), self.height()
        least, whole, numbers = self._widths()
        if self.form == "row":
            self._outer.setSizes([whole, width - whole - numbers, numbers])
            return
        first = {
            "wide": max(whole, numbers) + _GAP,
            "wide, with pages": max(least + _GAP, width - round(1.1 * numbers)),
            "tall": min(round(0.42 * height), self._height(12)),
            "tall, with pages": self._height(LEAST_ROWS),
        }[self.form]
        length = height if self.form.startswith("tall") else width
        self._outer.setSizes([first, length - first])
        if self.form == "tall":
            left = max(least + _GAP, min(width - numbers - _GAP, width // 2))
            self._tables.setSizes([left, width - left])
        else:
            self._tables.setSizes([round(0.45 * height), round(0.55 * height)])

"""The dock of merge suggestions in the sizes that it gets: each of its parts is of use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QRectF, QSize, Qt
from qtpy.QtGui import QImage, QPainter, QPolygonF
from qtpy.QtWidgets import QApplication, QSplitter, QTabBar, QWidget

from phygui.curation.statistics.preview import Preview
from phygui.gui.app.app import make_application
from phygui.gui.docks.adaptive_splitter import LEAST_FIGURE, LEAST_ROWS, Parts
from phygui.gui.docks.suggestions import preview_figure
from phygui.gui.docks.suggestions.listing import SCALE
from phygui.gui.docks.suggestions.merges import TITLES, MergesDock
from phygui.gui.tables.plain_table import Cell, PlainTable

# In Classic and Merge, on a large and on a small screen; in a row; and squeezed to a column.
SIZES = {
    (536, 336): "wide",
    (380, 208): "wide, with pages",
    (536, 579): "tall",
    (380, 376): "tall",
    (1000, 250): "row",
    (260, 420): "tall, with pages",
}


def dock_of(user: Any) -> MergesDock:
    """The dock with a preview, as a window of its own."""
    user.press(Qt.Key.Key_Home)
    user.press(Qt.Key.Key_Space)
    dock: MergesDock = user.window.suggestions
    dock.show_selected()
    user.settle()
    dock.setFloating(True)
    return dock


def is_whole(table: PlainTable) -> bool:
    """Whether all columns that are seen are seen wholly, and say all they have to say."""
    metrics, right = table.fontMetrics(), 0
    for column in range(table.content.columnCount()):
        if table.isColumnHidden(column):
            continue
        right += table.columnWidth(column)
        texts = [table.text_of(row, column) for row in range(table.content.rowCount())]
        texts.append(
            str(
                table.content.headerData(
                    column, Qt.Orientation.Horizontal, Qt.ItemDataRole.DisplayRole
                )
            )
        )
        if max(map(metrics.horizontalAdvance, texts)) > table.columnWidth(column) - 6:
            return False
    return right <= table.viewport().width()


def rows_in_sight(table: PlainTable) -> float:
    return table.viewport().height() / table.verticalHeader().defaultSectionSize()


@pytest.mark.slow
def test_each_part_is_of_use_in_every_size(demo: Path, open_window: Callable[..., Any]) -> None:
    user = open_window(demo)
    dock = dock_of(user)
    tabs = dock.pages
    assert dock.table.content.rowCount() > 0
    for size, form in SIZES.items():
        dock.widget().setFixedSize(QSize(*size))
        user.settle()
        assert dock.parts.form == form
        assert tabs.isVisible() == form.endswith("pages")
        assert not dock.table.isColumnHidden(1)
        assert is_whole(dock.table)
        assert rows_in_sight(dock.table) >= LEAST_ROWS - 1
        figure = dock.figure
        if tabs.isVisible():
            assert figure.isVisible()
            assert not dock.metrics.isVisible()
        else:
            assert figure.width() >= LEAST_FIGURE.width()
            assert figure.height() >= LEAST_FIGURE.height()
        if tabs.isVisible():
            tabs.setCurrentIndex(1)
            user.settle()
            assert not figure.isVisible()
        assert dock.metrics.isVisible()
        assert is_whole(dock.metrics)
        assert rows_in_sight(dock.metrics) >= LEAST_ROWS
        tabs.setCurrentIndex(0)
    # What had no room is told where the mouse rests.
    tip = dock.table.content.index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert all(title in tip for title in TITLES[1:])


@pytest.mark.roomy
def test_there_are_no_titles_without_numbers(demo: Path, open_window: Callable[..., Any]) -> None:
    user = open_window(demo)
    user.window.show_dock("suggestions")
    user.settle()
    dock = user.window.suggestions
    assert dock.metrics.isVisible()
    assert not dock.metrics.content.columnCount()
    assert not dock.metrics.horizontalScrollBar().isVisible()
    user.press(Qt.Key.Key_Down, Qt.KeyboardModifier.ControlModifier)
    assert dock.metrics.horizontalHeader().isVisible()


def test_what_is_dragged_apart_stays_as_the_dock_grows(qtbot: Any, settings: Any) -> None:
    make_application(settings)
    tables = [PlainTable(TITLES, sortable=False, n_kept=2, scale=SCALE) for _ in range(2)]
    tables[0].set_rows([[Cell("1 + 2"), *[Cell("0.50")] * 4]])
    tabs = QTabBar()
    parts = Parts(tables[0], QWidget(), tables[1], tabs)
    for widget in (parts, tabs):
        qtbot.addWidget(widget)
    parts.resize(1000, 250)
    parts.show()
    QApplication.processEvents()
    splitter = parts.findChild(QSplitter)
    sizes = splitter.sizes()
    splitter.setSizes([sizes[0] + 90, sizes[1] - 90, sizes[2]])
    splitter.splitterMoved.emit(0, 0)
    parts.resize(1010, 250)
    QApplication.processEvents()
    assert splitter.sizes()[0] >= sizes[0] + 85
    # Other forms have sizes of their own.
    parts.resize(500, 560)
    parts.resize(1000, 250)
    QApplication.processEvents()
    assert abs(splitter.sizes()[0] - sizes[0]) <= 2


class Recorder(QPainter):
    """Remembers where texts and lines were drawn."""

    texts: list[tuple[str, QRectF]]
    lines: list[QRectF]

    def __init__(self, device: Any) -> None:
        super().__init__(device)
        type(self).texts, type(self).lines = [], []

    def drawText(self, area: QRectF, flags: int, text: str) -> None:
        super().drawText(area, flags, text)
        self.texts.append((text, self.boundingRect(area, flags, text)))

    def drawPolyline(self, line: QPolygonF) -> None:
        super().drawPolyline(line)
        self.lines.append(line.boundingRect())


def test_no_label_runs_across_a_waveform(
    demo: Path, open_window: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    user = open_window(demo)
    dock = dock_of(user)
    n_channels = len(dock.figure.preview.channels)
    monkeypatch.setattr(preview_figure, "QPainter", Recorder)
    for size in ((262, 330), (250, 190), (500, 330), (180, 110)):
        dock.figure.setMinimumSize(10, 10)
        dock.figure.resize(*size)
        image = QImage(*size, QImage.Format.Format_RGB32)
        dock.figure.render(image)
        assert len(Recorder.lines) == n_channels * len(dock.figure.preview.shapes)
        assert len(Recorder.texts) > n_channels
        crossed = [t for t, at in Recorder.texts if any(at.intersects(x) for x in Recorder.lines)]
        assert not crossed, size


def test_bars_are_drawn_at_their_lags_and_the_band_is_as_wide_as_the_refractory_period(
    qtbot: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_application(settings)
    filled: list[QRectF] = []

    class Filling(QPainter):
        def fillRect(self, area: QRectF, brush: Any) -> None:
            super().fillRect(area, brush)
            filled.append(QRectF(area))

    monkeypatch.setattr(preview_figure, "QPainter", Filling)
    lags = np.arange(-30, 30) + 0.5
    # In each plot the only pairs are those of 5 to 6 ms.
    rates = np.zeros((4, 60))
    rates[:, 35] = 1
    nothing: tuple[Any, ...] = (np.zeros(0),) * 2
    figure = preview_figure.PreviewFigure()
    qtbot.addWidget(figure)
    figure.resize(900, 300)
    figure.set_preview(
        Preview(
            clusters=(1, 2),
            n_spikes=(9, 9, 18),
            lags=lags,
            rates=rates,
            channels=(),
            shapes=None,
            is_waveform=False,
            times=nothing,
            amplitudes=None,
            amplitude_unit="",
            voltage_unit="",
            metrics=({}, {}, {}),
        )
    )
    figure.render(QImage(900, 300, QImage.Format.Format_RGB32))
    # Of each of four plots, the band and then one rectangle for each bin.
    plots = np.array([area.getRect() for area in filled[1:]]).reshape(4, 61, 4)
    for band, bar in zip(plots[:, 0], plots[:, 36], strict=True):
        ms = band[2] / 4
        assert band[0] + 7 * ms == pytest.approx(bar[0], abs=1)
        assert bar[2] == pytest.approx(ms, abs=1)
        assert bar[3] > 20
    assert np.count_nonzero(plots[:, :, 3] > 1) == 8


def test_titles_are_whole_words_in_a_small_picture_too(
    demo: Path, open_window: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    user = open_window(demo)
    dock = dock_of(user)
    monkeypatch.setattr(preview_figure, "QPainter", Recorder)
    dock.figure.setMinimumSize(10, 10)
    for size, titles in (
        ((900, 400), {"merged", "mean waveforms"}),
        ((262, 180), {"both", "means", "ampl."}),
    ):
        dock.figure.resize(*size)
        image = QImage(*size, QImage.Format.Format_RGB32)
        dock.figure.render(image)
        texts = {t for t, _ in Recorder.texts}
        assert titles <= texts
        assert not [t for t in texts if "…" in t]
        # What the height of a waveform stands for has room beside them.
        assert any(t.endswith("µV") for t in texts)


@pytest.mark.parametrize("names", ["3 + 14", "123 + 1250", "12345 + 12360"])
@pytest.mark.parametrize("size", SIZES)
def test_names_and_scores_are_read_without_scrolling_however_long(
    qtbot: Any, settings: Any, names: str, size: tuple[int, int]
) -> None:
    make_application(settings)
    tables = [PlainTable(TITLES, sortable=False, n_kept=2, scale=SCALE) for _ in range(2)]
    tabs = QTabBar()
    parts = Parts(tables[0], QWidget(), tables[1], tabs)
    for widget in (parts, tabs):
        qtbot.addWidget(widget)
    parts.resize(*size)
    parts.show()
    tables[0].fit_columns()
    tables[0].set_rows([[Cell(names), *[Cell("0.50")] * 4]] * 100)
    tables[0].fit_columns()
    parts.arrange()
    QApplication.processEvents()
    assert is_whole(tables[0])
    assert not tables[0].isColumnHidden(1)


@pytest.mark.roomy
def test_an_empty_list_has_no_scroll_bar_and_takes_longer_names_later(
    demo: Path, open_window: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    user = open_window(demo)
    dock = user.window.suggestions
    monkeypatch.setattr(dock._session.suggestions, "ranked", lambda *_, **__: [])
    user.window.show_dock("suggestions")
    user.settle()
    assert not dock.table.content.rowCount()
    assert is_whole(dock.table)
    monkeypatch.undo()
    dock.refresh()
    cells = dock._cells
    monkeypatch.setattr(dock, "_cells", lambda s: [Cell("12345 + 12360"), *cells(s)[1:]])
    dock.refresh()
    assert dock.table.content.rowCount()
    assert is_whole(dock.table)

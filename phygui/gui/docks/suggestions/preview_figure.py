"""A picture of some clusters and of them as one: correlograms, waveforms, amplitudes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen, QPolygonF
from qtpy.QtWidgets import QSizePolicy, QWidget

from phygui.analysis import REFRACTORY_PERIOD, Metric
from phygui.curation.statistics.preview import Preview
from phygui.gui.base.theme import color, current_theme, number_of
from phygui.views.core.colors import cluster_color
from phygui.views.data.attributes import amplitude_range
from phygui.views.data.voltages import reading

REFRACTORY_MS = 1000 * REFRACTORY_PERIOD
_GAP = 6.0


class PreviewFigure(QWidget):
    """Draws a :class:`Preview`: each cluster in its colour, and all as one."""

    def __init__(self) -> None:
        super().__init__()
        self._preview: Preview | None = None
        self._hint = ""
        self._places: list[int] | None = None
        self._own: Mapping[int, str] = {}
        self._note = ""
        self.setMinimumSize(180, 110)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 0.82)
        self.setFont(font)

    @property
    def preview(self) -> Preview | None:
        """What is drawn."""
        return self._preview

    def set_preview(self, preview: Preview | None, hint: str = "") -> None:
        """Draw something else, or a hint instead."""
        self._preview, self._hint = preview, hint
        self._places = None if preview is None else list(range(len(preview.clusters)))
        self._note = ""
        self.update()

    @property
    def places(self) -> list[int] | None:
        """The place of each cluster in the selection; None if they are drawn in grey."""
        return self._places

    @property
    def note(self) -> str:
        """What is said above the picture."""
        return self._note

    def set_places(
        self,
        places: Sequence[int] | None,
        note: str = "",
        own: Mapping[int, str] = MappingProxyType({}),
    ) -> None:
        """Draw each cluster in another colour.

        Parameters
        ----------
        places : sequence of int or None
            The place of each cluster in the selection, by which it has its colour elsewhere; None
            if they are not what is selected: they are drawn in grey.
        note : str
            What is said above the picture.
        own : mapping of int to str
            Colours of clusters that have one of their own.
        """
        self._places, self._note = None if places is None else list(places), note
        self._own = own
        self.update()

    def sizeHint(self) -> QSize:
        """As large as may be."""
        return QSize(560, 260)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw all of it."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), color("base"))
        area = QRectF(self.rect()).adjusted(_GAP, _GAP, -_GAP, -_GAP)
        if self._preview is None:
            painter.setPen(color("dim"))
            painter.drawText(
                area, number_of(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap), self._hint
            )
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._note:
            painter.setPen(color("dim"))
            where = number_of(
                Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
            )
            written = painter.boundingRect(area, where, self._note)
            painter.drawText(area, where, self._note)
            area.setTop(written.bottom() + _GAP)
        if area.width() > 1.25 * area.height():
            parts = _beside(area, (0.36, 0.34, 0.30))
        else:
            parts = _below(area, (0.38, 0.36, 0.26))
        self._draw_correlograms(painter, parts[0])
        self._draw_shapes(painter, parts[1])
        self._draw_amplitudes(painter, parts[2])

    # -- panels ----------------------------------------------------------------------------

    def _colors(self) -> list[QColor]:
        """Of the clusters that are previewed, and of the merged one."""
        assert self._preview is not None
        theme, n = current_theme(), len(self._preview.clusters)
        if self._places is None:
            return [color("dim")] * (n + 1)
        pairs = zip(self._places, self._preview.clusters, strict=True)
        hues = (QColor(self._own.get(c) or QColor(*cluster_color(k, theme))) for k, c in pairs)
        return [*hues, color("text")]

    def _draw_correlograms(self, painter: QPainter, area: QRectF) -> None:
        """Autocorrelograms of all, how the first crosses the others, and of the merged cluster."""
        shown = self._preview
        assert shown is not None
        *hues, merged = self._colors()
        *rates, merged_rate = [_violations(m) for m in shown.metrics]
        n = len(shown.clusters)
        plots: list[tuple[int, QColor, tuple[str, ...], tuple[str, ...]]]
        plots = [(k, hues[k], (f"{c}",), rates[k]) for k, c in enumerate(shown.clusters)]
        plots += [
            (n + 1, color("dim"), ("cross",), ()),
            (n, merged, (shown.whole, "both" if n == 2 else "all"), merged_rate),
        ]
        rows, n_columns = _below(area, (0.5, 0.5)), -(-len(plots) // 2)
        cells = [cell for row in rows for cell in _beside(row, (1 / n_columns,) * n_columns)]
        for (k, hue, titles, notes), cell in zip(plots, cells, strict=False):
            plot = self._frame(painter, cell, titles, hue, notes)
            self._draw_bars(painter, plot, shown.lags, shown.rates[k], hue)

    def _draw_bars(
        self, painter: QPainter, plot: QRectF, lags: NDArray[Any], rates: NDArray[Any], hue: QColor
    ) -> None:
        step = lags[1] - lags[0]
        low, high = lags[0] - step / 2, lags[-1] + step / 2
        scale = plot.width() / (high - low)
        shade = QColor(color("button"))
        middle = plot.left() - low * scale
        painter.fillRect(
            QRectF(
                middle - REFRACTORY_MS * scale,
                plot.top(),
                2 * REFRACTORY_MS * scale,
                plot.height(),
            ),
            shade,
        )
        top = max(float(rates.max()), 1e-12)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        for lag, rate in zip(lags.tolist(), rates.tolist(), strict=True):
            left = plot.left() + (lag - step / 2 - low) * scale
            height = rate / top * (plot.height() - 2)
            right = plot.left() + (lag + step / 2 - low) * scale
            bar = QRectF(round(left), plot.bottom() - height, round(right) - round(left), height)
            painter.fillRect(bar, hue)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    def _draw_shapes(self, painter: QPainter, area: QRectF) -> None:
        """Mean waveforms, or mean features, on the largest channels."""
        shown = self._preview
        assert shown is not None
        if shown.shapes is None:
            self._frame(painter, area, ("no waveforms, no features", "nothing"), color("dim"))
            return
        low, high = float(shown.shapes.min()), float(shown.shapes.max())
        what = ("mean waveforms" if shown.is_waveform else "mean features", "means")
        # What the height of a cell stands for.
        note = reading(high - low, shown.voltage_unit) if shown.is_waveform else ""
        plot = self._frame(painter, area, what, color("dim"), (note,))
        span = max(high - low, 1e-12)
        n_columns = 3 if len(shown.channels) > 4 else max(1, min(2, len(shown.channels)))
        n_rows = -(-len(shown.channels) // n_columns)
        hues = self._colors()
        for k, channel in enumerate(shown.channels):
            row, column = divmod(k, n_columns)
            cell = QRectF(
                plot.left() + column * plot.width() / n_columns,
                plot.top() + row * plot.height() / n_rows,
                plot.width() / n_columns,
                plot.height() / n_rows,
            ).adjusted(4, 3, -4, -3)
            cell = self._label_channel(painter, cell, channel)
            # The merged one, below the others, is the widest.
            for place in range(len(shown.shapes) - 1, -1, -1):
                width = 1.3 if place < len(shown.clusters) else 2.6
                heights = (shown.shapes[place][:, k] - low) / span
                self._draw_line(painter, cell, heights, hues[place], width)

    def _label_channel(self, painter: QPainter, cell: QRectF, channel: int) -> QRectF:
        """Write a channel's number where no waveform is drawn; returns the place that is left."""
        metrics = QFontMetricsF(self.font())
        text = f"ch {channel}"
        if metrics.horizontalAdvance(text) > cell.width():
            text = str(channel)
        painter.setPen(color("dim"))
        painter.drawText(
            cell, number_of(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop), text
        )
        if cell.height() >= 2.5 * metrics.height():
            return cell.adjusted(0, metrics.height(), 0, 0)
        return cell.adjusted(metrics.horizontalAdvance(text) + 4, 0, 0, 0)

    def _draw_line(
        self, painter: QPainter, cell: QRectF, heights: NDArray[Any], hue: QColor, width: float
    ) -> None:
        n = max(len(heights) - 1, 1)
        points = [
            QPointF(cell.left() + i * cell.width() / n, cell.bottom() - y * cell.height())
            for i, y in enumerate(heights.tolist())
        ]
        painter.setPen(QPen(hue, width))
        painter.drawPolyline(QPolygonF(points))

    def _draw_amplitudes(self, painter: QPainter, area: QRectF) -> None:
        """Amplitude on the best channel over the recording."""
        shown = self._preview
        assert shown is not None
        if shown.amplitudes is None:
            self._frame(painter, area, ("no amplitudes",), color("dim"))
            return
        unit = f" ({shown.amplitude_unit})" if shown.amplitude_unit else ""
        titles = (f"amplitude{unit} over time, ch {shown.channels[0]}", "amplitude", "ampl.")
        last = max((float(t[-1]) for t in shown.times if len(t)), default=1.0)
        plot = self._frame(painter, area, titles, color("dim"), (f"{last:.0f} s",))
        low, high = amplitude_range(shown.amplitudes)
        span = max(high - low, 1e-12)
        for times, amplitudes, hue in zip(
            shown.times, shown.amplitudes, self._colors()[:-1], strict=True
        ):
            known = np.isfinite(amplitudes)
            x = plot.left() + times[known] / max(last, 1e-12) * plot.width()
            y = plot.bottom() - np.clip((amplitudes[known] - low) / span, 0, 1) * plot.height()
            points = QPolygonF([QPointF(a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)])
            faint = QColor(hue)
            faint.setAlpha(170)
            painter.setPen(QPen(faint, 2.0, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            painter.drawPoints(points)

    def _frame(
        self,
        painter: QPainter,
        area: QRectF,
        titles: tuple[str, ...],
        hue: QColor,
        notes: tuple[str, ...] = (),
    ) -> QRectF:
        """A title line, the plot below it, and a line under that; returns the plot.

        The title is the longest for which there is room; at the right end of its line is the
        longest note for which a shorter title leaves some.
        """
        metrics = QFontMetricsF(self.font())
        head = QRectF(area.left(), area.top(), area.width(), metrics.height())

        def longest(texts: tuple[str, ...], width: float) -> str:
            return next((t for t in texts if metrics.horizontalAdvance(t) <= width), "")

        note = longest(notes, area.width() - metrics.horizontalAdvance(titles[-1] + "  "))
        left = area.width() - (metrics.horizontalAdvance(note + "  ") if note else 0)
        painter.setPen(hue)
        title = longest(titles, left) or metrics.elidedText(
            titles[-1], Qt.TextElideMode.ElideRight, left
        )
        painter.drawText(
            head, number_of(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), title
        )
        painter.setPen(color("dim"))
        painter.drawText(
            head, number_of(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), note
        )
        plot = area.adjusted(0, metrics.height() + 1, 0, 0)
        painter.setPen(QPen(color("line"), 1.0))
        painter.drawLine(plot.bottomLeft(), plot.bottomRight())
        return plot


def _violations(metrics: object) -> tuple[str, ...]:
    metric = metrics.get("violation_rate") if isinstance(metrics, dict) else None
    if not isinstance(metric, Metric) or not metric.is_defined:
        return ()
    return f"{metric.value:.1%} < {REFRACTORY_MS:.0f} ms", f"{metric.value:.1%}"


def _beside(area: QRectF, shares: tuple[float, ...]) -> list[QRectF]:
    width = area.width() - _GAP * 2 * (len(shares) - 1)
    left, parts = area.left(), []
    for share in shares:
        parts.append(QRectF(left, area.top(), width * share, area.height()))
        left += width * share + 2 * _GAP
    return parts


def _below(area: QRectF, shares: tuple[float, ...]) -> list[QRectF]:
    height = area.height() - _GAP * (len(shares) - 1)
    top, parts = area.top(), []
    for share in shares:
        parts.append(QRectF(area.left(), top, area.width(), height * share))
        top += height * share + _GAP
    return parts

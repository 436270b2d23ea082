"""The canvas that all views share: cells, axes, mouse and keys, lasso, themes, export."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal
from vispy import app

from phygui.curation.snapshot import Snapshot
from phygui.views.axes import Cell, Layout, lay_out, ranges
from phygui.views.colors import ACCENT, DIM, Theme
from phygui.views.colors import theme as theme_of
from phygui.views.lasso import Lasso
from phygui.views.visuals import CANVAS, Batch, Label, Shared, Text, text_width, vertices


_closing: set[Any] = set()


class Cancelled(Exception):
    """The result is no longer wanted."""


Cancel = Callable[[], bool]


def check(cancelled: Cancel) -> None:
    """Stop if the result is no longer wanted.

    Raises
    ------
    Cancelled
    """
    if cancelled():
        raise Cancelled


@dataclass(frozen=True)
class Empty:
    """There is nothing to show, and this is why."""

    reason: str


@dataclass(frozen=True)
class NoParams:
    """A view without settings."""


class Visual(Protocol):
    """What a view draws."""

    def draw(self, shared: Shared, context: Any) -> None:
        """Draw; the canvas is current."""


class View(app.Canvas):
    """A picture of a part of the session, and what the user does to it.

    A view overrides :meth:`load` (any thread, no canvas) and :meth:`build` (GUI thread: turn the
    data into cells, vertices and labels). Everything else is shared.

    Attributes
    ----------
    name, title : str
        What settings files and menus call it.
    Params : type
        A frozen dataclass; the metadata of each field (label, help, min, max, step, choices, unit)
        makes the settings dialog. ``reload=False`` marks a field that :meth:`load` ignores.
    has_lasso : bool
        Whether spikes can be selected with a lasso, see :meth:`spikes_in_lasso`.
    is_stale : bool
        Whether parameters changed since the data were loaded, so that they must be loaded again.
    """

    name: ClassVar[str] = ""
    title = ""
    Params: ClassVar[type] = NoParams
    shares_selection: ClassVar[bool] = True
    has_lasso: ClassVar[bool] = False
    has_markers: ClassVar[bool] = False
    grid_lines: ClassVar[bool] = False
    gap: ClassVar[float] = 6.0
    margins: ClassVar[tuple[float, float, float, float]] = (0.0, 0.0, 0.0, 0.0)

    params_changed = Signal()
    lasso_changed = Signal()
    hovered = Signal(str)
    painted = Signal()
    channel_clicked = Signal(int, str)
    cluster_clicked = Signal(int)
    pair_clicked = Signal(int, int)
    time_clicked = Signal(float)

    def __init__(self, params: Any = None, *, theme: str = "dark") -> None:
        self.params = self.Params() if params is None else params
        self.data: Any = None
        self.is_stale = True
        self.lasso: Lasso | None = None
        self.cells: list[Cell] = []
        self.visuals: list[Visual] = []
        self.labels: list[Label] = []
        self.layout = Layout(np.empty((0, 4)))
        self.data_scale = 1.0
        self.marker_size = 3.0
        self._theme: Theme = theme_of(theme)
        self._shared = Shared()
        self._axis_lines = Batch("lines")
        self._lasso_line = Batch("lines")
        self._lasso_points = Batch("points", size=5.0)
        self._text = Text()
        self._palette_sent = False
        self._layout_size: tuple[float, ...] = ()
        self._hover_text = ""
        self._press_cell: int | None = None
        super().__init__(title=type(self).title, keys=None, size=(500, 400))

    def close(self) -> None:
        """Close for good, and let go of the OpenGL context."""
        if self._closed:
            return
        native = self.native
        super().close()
        # Were the widget left to Python's garbage collector, it could take its context down while
        # another view draws, and that view would find itself without one.
        _closing.add(native)
        native.destroyed.connect(lambda: _closing.discard(native))
        native.deleteLater()

    # -- to be overridden ------------------------------------------------------------------

    @staticmethod
    def load(snapshot: Snapshot, params: Any, cancelled: Cancel) -> Any:
        """Read and compute what is to be shown: pure, from any thread.

        Raises
        ------
        Cancelled
            If `cancelled` turned true.
        """
        raise NotImplementedError

    @staticmethod
    def spikes_in_lasso(
        snapshot: Snapshot, params: Any, lasso: Lasso, cancelled: Cancel
    ) -> NDArray[np.int64]:
        """Spikes of the selected clusters inside a lasso: all, also those not drawn; sorted."""
        raise NotImplementedError

    def build(self, data: Any) -> None:
        """Turn data that are not empty into cells, visuals and labels."""

    def describe(self, cell: int, x: float, y: float) -> str:
        """Say what is at a place of a cell, in the units of its axes; empty for nothing."""
        return ""

    def on_ctrl_click(self, cell: int, x: float, y: float, button: int) -> bool:
        """Take a click with Ctrl held; returns whether it meant something here."""
        return False

    def on_data_scale(self, factor: float) -> None:
        """Scale the data."""
        self.data_scale *= factor

    def on_alt_wheel(self, steps: float) -> None:
        """Alt and wheel: the size of markers."""
        if self.has_markers:
            self.marker_size = float(np.clip(self.marker_size * 1.15**steps, 1.0, 20.0))

    def decorate(self, layout: Layout, size: tuple[float, float]) -> None:
        """Add lines and labels, in pixels of the canvas, to those of the axes."""

    def before_draw(self) -> None:
        """Bring visuals up to date with scale and marker size."""

    def highlight(self, spike_ids: NDArray[np.int64]) -> None:
        """Point at spikes that another view's lasso holds; sorted ids, empty for none."""

    # -- what is shown ---------------------------------------------------------------------

    def set_data(self, data: Any) -> None:
        """Show what :meth:`load` returned."""
        self.data = data
        self.is_stale = False
        if self.lasso is not None:
            self.clear_lasso()
        if isinstance(data, Empty):
            self.set_cells([])
            self.labels = []
        else:
            self.build(data)
        self.refresh()

    def set_params(self, params: Any) -> None:
        """Take other settings; what needs no new data shows at once."""
        if params == self.params:
            return
        changed = [
            f for f in fields(params) if getattr(params, f.name) != getattr(self.params, f.name)
        ]
        self.params = params
        if any(f.metadata.get("reload", True) for f in changed):
            self.is_stale = True
        elif self.data is not None and not isinstance(self.data, Empty):
            self.build(self.data)
            self.refresh()
        self.params_changed.emit()

    def change_params(self, **changes: Any) -> None:
        """Change some settings."""
        self.set_params(replace(self.params, **changes))

    def set_cells(self, cells: Sequence[Cell]) -> None:
        """Replace the grid; an axis that keeps the user's zoom takes it over by its key."""
        moved = {a.key: a.view for c in self.cells for a in (c.x, c.y) if a.keep and a.is_moved}
        for cell in cells:
            for axis in (cell.x, cell.y):
                if axis.keep and axis.key in moved:
                    axis.show(*moved[axis.key])
        self.cells = list(cells)
        self._layout_size = ()

    def set_theme(self, name: str) -> None:
        """Show in the ``dark`` or the ``light`` theme."""
        self._theme = theme_of(name)
        self._palette_sent = False
        self.refresh()

    @property
    def theme(self) -> str:
        """Name of the theme."""
        return self._theme.name

    @property
    def colors(self) -> Theme:
        """The theme."""
        return self._theme

    def refresh(self) -> None:
        """Lay out and draw again."""
        self._layout_size = ()
        self.update()

    def reset_view(self) -> None:
        """Undo pan, zoom and data scale."""
        for cell in self.cells:
            cell.x.reset()
            cell.y.reset()
        self.data_scale = 1.0
        self.refresh()

    # -- drawing ---------------------------------------------------------------------------

    def on_draw(self, event: Any) -> None:
        """Draw everything."""
        width, height = self.size
        self.draw_all((float(width), float(height)), self.physical_size[0] / max(1, width))
        self.context.flush_commands()
        if self.data is not None:
            self.painted.emit()

    def draw_all(
        self, size: tuple[float, float], pixel_ratio: float, *, decoration: bool = True
    ) -> None:
        """Draw into the current frame buffer: a canvas of `size` logical pixels.

        Without `decoration` the axes, texts and the lasso are left out.
        """
        context, shared = self.context, self._shared
        context.set_viewport(0, 0, round(size[0] * pixel_ratio), round(size[1] * pixel_ratio))
        context.set_state(
            depth_test=False,
            cull_face=False,
            blend=True,
            blend_func=("src_alpha", "one_minus_src_alpha", "one", "one_minus_src_alpha"),
        )
        context.clear(color=tuple(self._theme.roles["background"] / 255.0))
        if not self._palette_sent:
            shared.set_palette(self._theme.palette())
            self._palette_sent = True
        if self._layout_size != (*size, pixel_ratio):
            self._lay_out(size)
            self._layout_size = (*size, pixel_ratio)
        shared.gain, shared.pixel_ratio = self.data_scale, pixel_ratio
        self.before_draw()
        context.set_line_width(max(1.0, pixel_ratio))
        if decoration:
            self._axis_lines.draw(shared, context)
        for visual in () if isinstance(self.data, Empty) or self.data is None else self.visuals:
            visual.draw(shared, context)
        if decoration:
            self._lasso_line.draw(shared, context)
            self._lasso_points.draw(shared, context)
            self._text.draw(shared, context)

    @property
    def all_labels(self) -> list[Label]:
        """All text shown, that of the axes included."""
        return self._text.labels

    def _lay_out(self, size: tuple[float, float]) -> None:
        if isinstance(self.data, Empty):
            labels = paragraph(self.data.reason, size)
            self.layout = Layout(np.empty((0, 4)))
        else:
            self.layout = lay_out(
                self.cells,
                size,
                gap=self.gap,
                margins=self.margins,
                grid_lines=self.grid_lines,
            )
            self.decorate(self.layout, size)
            labels = self.layout.labels + self.labels
        self._axis_lines.set_data(*self.layout.lines)
        self._text.set_labels(labels)
        self._shared.set_places(size, ranges(self.cells), self.layout.boxes)

    # -- mouse and keys --------------------------------------------------------------------

    def to_data(self, cell: int, x: float, y: float) -> tuple[float, float]:
        """Turn a place of the canvas, in logical pixels, into the units of a cell's axes."""
        left, top, width, height = self.layout.boxes[cell]
        (x0, x1), (y0, y1) = self.cells[cell].x.view, self.cells[cell].y.view
        return x0 + (x - left) / width * (x1 - x0), y1 - (y - top) / height * (y1 - y0)

    def to_pixels(self, cell: int, x: float, y: float) -> tuple[float, float]:
        """The opposite of :meth:`to_data`."""
        left, top, width, height = self.layout.boxes[cell]
        (x0, x1), (y0, y1) = self.cells[cell].x.view, self.cells[cell].y.view
        return left + (x - x0) / (x1 - x0) * width, top + (y1 - y) / (y1 - y0) * height

    def on_mouse_press(self, event: Any) -> None:
        """Start a drag, or take a click with Ctrl held."""
        self._press_cell = self.layout.cell_at(*event.pos)
        if "Control" not in _held(event) or self._press_cell is None:
            return
        x, y = self.to_data(self._press_cell, *event.pos)
        if self.on_ctrl_click(self._press_cell, x, y, event.button):
            self._press_cell = None
        elif self.has_lasso:
            self._click_lasso(self._press_cell, x, y, event.button)
            self._press_cell = None

    def on_mouse_release(self, event: Any) -> None:
        """End a drag."""
        self._press_cell = None

    def on_mouse_move(self, event: Any) -> None:
        """Pan with the left button, zoom with the right one, else say what is there."""
        if event.press_event is None:
            self._hover(event.pos)
            return
        if self._press_cell is None or event.last_event is None:
            return
        cell = self.cells[self._press_cell]
        _, _, width, height = self.layout.boxes[self._press_cell]
        dx, dy = np.subtract(event.pos, event.last_event.pos)
        if event.press_event.button == 1:
            cell.x.pan(-dx / width * (cell.x.view[1] - cell.x.view[0]))
            cell.y.pan(dy / height * (cell.y.view[1] - cell.y.view[0]))
        elif event.press_event.button == 2:
            around = self.to_data(self._press_cell, *event.press_event.pos)
            cell.x.zoom(1.008**dx, around[0])
            cell.y.zoom(1.008**-dy, around[1])
        self.moved()

    def on_mouse_wheel(self, event: Any) -> None:
        """Zoom; with Ctrl scale the data, with Alt the markers."""
        # With Alt held, Qt turns the wheel sideways.
        steps = float(sum(event.delta))
        held = _held(event)
        if "Control" in held:
            self.on_data_scale(1.15**steps)
        elif "Alt" in held:
            self.on_alt_wheel(steps)
        else:
            index = self.layout.cell_at(*event.pos)
            if index is None:
                return
            x, y = self.to_data(index, *event.pos)
            self.cells[index].x.zoom(1.15**steps, x)
            self.cells[index].y.zoom(1.15**steps, y)
        self.moved()

    def on_mouse_double_click(self, event: Any) -> None:
        """Reset pan and zoom."""
        if not _held(event):
            self.reset_view()

    def on_key_press(self, event: Any) -> None:
        """Reset with R."""
        if event.key == "R" and not _held(event):
            self.reset_view()

    def moved(self) -> None:
        """The range, scale or marker size has changed: draw again."""
        self.refresh()

    def _hover(self, pos: Any) -> None:
        index = self.layout.cell_at(*pos)
        nothing = index is None or self.data is None or isinstance(self.data, Empty)
        text = "" if nothing or index is None else self.describe(index, *self.to_data(index, *pos))
        if text != self._hover_text:
            self._hover_text = text
            self.hovered.emit(text)

    # -- lasso -----------------------------------------------------------------------------

    def _click_lasso(self, index: int, x: float, y: float, button: int) -> None:
        lasso = self.lasso
        if button == 1:
            if lasso is None or lasso.closed or lasso.cell != index:
                cell = self.cells[index]
                lasso = Lasso(cell.x.key, cell.y.key, index)
            self.set_lasso(replace(lasso, points=np.vstack([lasso.points, (x, y)])))
        elif lasso is not None and lasso.is_polygon and not lasso.closed:
            self.set_lasso(replace(lasso, closed=True))
        else:
            self.clear_lasso()

    def set_lasso(self, lasso: Lasso | None) -> None:
        """Show a lasso, or none."""
        self.lasso = lasso
        if lasso is None:
            self._lasso_line.clear()
            self._lasso_points.clear()
        else:
            x, y = lasso.points.T
            n = np.arange(len(x))
            ends = np.stack([n, (n + 1) % len(x)], axis=1).ravel()
            alpha = np.ones(2 * len(x))
            alpha[-2:] = 1.0 if lasso.closed else 0.4
            line = vertices(x[ends], y[ends], cell=lasso.cell, color=ACCENT, alpha=alpha)
            self._lasso_line.set_data(line)
            self._lasso_points.set_data(vertices(x, y, cell=lasso.cell, color=ACCENT))
        self.lasso_changed.emit()
        self.update()

    def clear_lasso(self) -> None:
        """Remove the lasso."""
        if self.lasso is not None:
            self.set_lasso(None)

    # -- export ----------------------------------------------------------------------------

    def export_image(self, path: str | Path, scale: float = 1.0) -> None:
        """Write the picture as PNG, `scale` times the size on screen, or as SVG."""
        from phygui.views.export import export_image

        export_image(self, Path(path), scale)


def _held(event: Any) -> set[str]:
    """Names of the modifier keys held."""
    return {str(getattr(key, "name", key)) for key in event.modifiers}


def paragraph(text: str, size: tuple[float, float]) -> list[Label]:
    """Labels that write a text in the middle of a canvas, broken into lines."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width(longer) > 0.85 * size[0]:
            lines.append(word)
        else:
            lines[-1] = longer
    top = size[1] / 2 - 8 * (len(lines) - 1)
    return [
        Label(line, size[0] / 2, top + 16 * k, CANVAS, DIM, ("center", "center"))
        for k, line in enumerate(lines)
    ]

"""What the mouse and the keys do in every view: pan, zoom, reset, scale, lasso, hover."""

from __future__ import annotations

import math
from dataclasses import field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import numpy as np
from psygnal import Signal

from phygui.views.core.axes import Cell
from phygui.views.core.cursor import TimeDrag
from phygui.views.core.lasso import LassoDrawing
from phygui.views.core.layout import Layout
from phygui.views.core.loading import Empty

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

ParamsT = TypeVar("ParamsT", bound="DataclassInstance")
"""A frozen dataclass: the settings of a view."""
DataT = TypeVar("DataT")
"""What a view draws, whole: what its ``load`` returns if there is something to show."""

_LIMITS = {"marker_size": (1.0, 20.0), "data_scale": (0.01, 100.0)}
"""What the wheel changes, and how far."""
_ROUND = (1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0, 7.0, 8.0, 9.0)
"""Round numbers of a decade, each about 15% larger than the one before."""


def size_of_points(default: float) -> Any:
    """The parameter ``marker_size`` of a view: so it is in the settings dialog, and kept."""
    return _turned_by_wheel("marker_size", default, "Size of points", "Alt", 0.5, "px")


def scale_of_data() -> Any:
    """The parameter ``data_scale`` of a view: so it is in the settings dialog, and kept."""
    also = " A reset makes it 1."
    # Other data is of another size.
    return _turned_by_wheel("data_scale", 1.0, "Scale", "Ctrl", 0.2, "×", also, local=True)


def _turned_by_wheel(
    name: str,
    default: float,
    label: str,
    key: str,
    step: float,
    unit: str,
    also: str = "",
    *,
    local: bool = False,
) -> Any:
    least, most = _LIMITS[name]
    return field(
        default=default,
        metadata={
            "label": label,
            "help": f"{key}+wheel changes it too.{also}",
            "min": least,
            "max": most,
            "step": step,
            "unit": unit,
            "reload": False,
            "rebuild": False,
            "local": local,
        },
    )


def turn(value: float, steps: float) -> tuple[float, float]:
    """The round number some steps of a wheel from a positive number, and what is left of the steps.

    Each step is about 15%; of a part of one, as fine wheels and touchpads make it, there may be
    nothing but what is left.
    """
    decade = math.floor(math.log10(value))
    places = np.arange(len(_ROUND) + 1)
    place = float(np.interp(value / 10.0**decade, (*_ROUND, 10.0), places)) + steps
    nearest = round(place)
    tens, k = divmod(nearest, len(_ROUND))
    # Not a product: 7 times a tenth is a little more than 0.7.
    return float(f"{_ROUND[k]}e{decade + tens}"), place - nearest


class Interactive(LassoDrawing, TimeDrag, Generic[ParamsT, DataT]):
    """The part of a view that listens."""

    has_markers: ClassVar[bool] = False

    hovered = Signal(str)

    params: ParamsT

    def __init__(self) -> None:
        LassoDrawing.__init__(self)
        TimeDrag.__init__(self)
        self.data: DataT | Empty | None = None
        self.cells: list[Cell] = []
        self.layout = Layout(np.empty((0, 4)))
        self._own = {"marker_size": 3.0, "data_scale": 1.0}
        """Of what the wheel changes, where it is none of the view's parameters."""
        self._left: dict[str, tuple[float, float]] = {}
        """What the wheel last made of each, and the part of a step that is left."""
        self._hover_text = ""
        self._press_cell: int | None = None

    @property
    def has_picture(self) -> bool:
        """Whether there are data to draw, and not only a reason why there are none."""
        return self.data is not None and not isinstance(self.data, Empty)

    @property
    def drawn(self) -> DataT:
        """The data that are drawn, for what happens only where there is a picture.

        Raises
        ------
        LookupError
            If there is none.
        """
        if self.data is None or isinstance(self.data, Empty):
            raise LookupError("the view shows no data")
        return self.data

    def refresh(self) -> None:
        """Lay out and draw again."""
        raise NotImplementedError

    def change_params(self, **changes: Any) -> None:
        """Change some settings."""
        raise NotImplementedError

    @property
    def marker_size(self) -> float:
        """Diameter of points in logical pixels: the parameter of this name, if there is one."""
        return getattr(self.params, "marker_size", self._own["marker_size"])

    @marker_size.setter
    def marker_size(self, size: float) -> None:
        self._change("marker_size", float(np.clip(size, *_LIMITS["marker_size"])))

    @property
    def data_scale(self) -> float:
        """How many times taller data are than at first: the parameter, if there is one."""
        return getattr(self.params, "data_scale", self._own["data_scale"])

    @data_scale.setter
    def data_scale(self, scale: float) -> None:
        self._change("data_scale", float(scale))

    def _change(self, name: str, value: float) -> None:
        if hasattr(self.params, name):
            self.change_params(**{name: value})
            return
        before, self._own[name] = self._own[name], value
        if name == "data_scale" and value != before:
            self.on_data_scale(value / before)

    def _turn(self, name: str, steps: float) -> None:
        """Change the size of points, or the scale, with the wheel."""
        before = getattr(self, name)
        after, left = self._left.get(name, (before, 0.0))
        value, left = turn(before, steps + (left if after == before else 0.0))
        value = float(np.clip(value, *_LIMITS[name]))
        self._left[name] = value, left
        setattr(self, name, value)

    # -- to be overridden ------------------------------------------------------------------

    def describe(self, cell: int, x: float, y: float) -> str:
        """Say what is at a place of a cell, in the units of its axes; empty for nothing."""
        return ""

    def on_ctrl_click(self, cell: int, x: float, y: float, button: int) -> bool:
        """Take a click with Ctrl held; returns whether it meant something here."""
        return False

    def on_data_scale(self, factor: float) -> None:
        """Follow the scale of the data, which has become so many times what it was."""
        for axis in {id(a): a for c in self.cells for a in (c.x, c.y)}.values():
            if axis.scaled:
                axis.zoom(factor, 0.0)

    def on_alt_wheel(self, steps: float) -> None:
        """Alt and wheel: the size of markers."""
        if self.has_markers:
            self._turn("marker_size", steps)

    def reset_view(self) -> None:
        """Undo pan, zoom and data scale."""
        self.data_scale = 1.0
        for cell in self.cells:
            cell.x.reset()
            cell.y.reset()
        self.refresh()

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

    def _cell_at(self, pos: Any) -> int | None:
        """Index of the cell under the mouse; none of those that new data took away."""
        index = self.layout.cell_at(*pos)
        return index if index is not None and index < len(self.cells) else None

    def on_mouse_press(self, event: Any) -> None:
        """Start a drag, or take a click with Ctrl held."""
        self._press_cell = self._cell_at(event.pos)
        if _held(event) == {"Shift"} and event.button == 1 and self._press_cell is not None:
            if self.begin_time_drag(self._press_cell, event.pos):
                self._press_cell = None
            return
        if "Control" not in _held(event):
            return
        if self._press_cell is None:
            self.press_lasso_beside(event.pos, event.button)
            return
        x, y = self.to_data(self._press_cell, *event.pos)
        if self.on_ctrl_click(self._press_cell, x, y, event.button):
            self._press_cell = None
        elif self.has_lasso and self.cells[self._press_cell].lasso:
            self.press_lasso(self._press_cell, event.pos, event.button)
            self._press_cell = None

    def end_drag_outside(self) -> None:
        """End a drag that began in a cell that is gone since other clusters were selected."""
        if self._press_cell is not None and self._press_cell >= len(self.cells):
            self._press_cell = None

    def on_mouse_release(self, event: Any) -> None:
        """End a drag."""
        self._press_cell = None
        self.end_lasso_drag()
        self.end_time_drag()

    def on_mouse_move(self, event: Any) -> None:
        """Pan with the left button, zoom with the right one, else say what is there."""
        if event.press_event is None:
            self._hover(event.pos)
            return
        if self.drag_lasso(event.pos):
            return
        if self.drag_time(event.pos):
            self._say(self.time_dragged())
            return
        if self._press_cell is None or event.last_event is None:
            return
        cell = self.cells[self._press_cell]
        _, _, width, height = self.layout.boxes[self._press_cell]
        dx, dy = np.subtract(event.pos, event.last_event.pos)
        if event.press_event.button == 1:
            cell.pan(dx / width, -dy / height)
        elif event.press_event.button == 2:
            around = self.to_data(self._press_cell, *event.press_event.pos)
            cell.zoom(1.008**dx, 1.008**-dy, around)
        self.moved()

    def on_mouse_wheel(self, event: Any) -> None:
        """Zoom; with Ctrl scale the data, with Alt the markers."""
        # With Alt held, Qt turns the wheel sideways.
        steps = float(sum(event.delta))
        held = _held(event)
        if "Control" in held:
            self._turn("data_scale", steps)
        elif "Alt" in held:
            self.on_alt_wheel(steps)
        else:
            index = self._cell_at(event.pos)
            if index is None:
                return
            factor = 1.15**steps
            self.cells[index].zoom(factor, factor, self.to_data(index, *event.pos))
        self.moved()

    def on_mouse_double_click(self, event: Any) -> None:
        """Reset pan and zoom."""
        if not _held(event):
            self.reset_view()

    def on_key_press(self, event: Any) -> None:
        """Reset with R, clear the lasso with Escape."""
        if _held(event):
            return
        if event.key == "R":
            self.reset_view()
        elif event.key == "Escape":
            self.clear_lasso()

    def moved(self) -> None:
        """The range, scale or marker size has changed: draw again."""
        self.refresh()

    def text_at(self, pos: Any) -> str:
        """Say what is at a place of the canvas, in logical pixels; empty for nothing."""
        index = self._cell_at(pos)
        if index is None or not self.has_picture:
            return ""
        return self.describe(index, *self.to_data(index, *pos))

    def _hover(self, pos: Any) -> None:
        self._say(self.text_at(pos))

    def _say(self, text: str) -> None:
        if text != self._hover_text:
            self._hover_text = text
            self.hovered.emit(text)

    def forget_hover(self) -> None:
        """The mouse has left, or what is shown has changed: nothing is under the mouse."""
        if self._hover_text:
            self._hover_text = ""
            self.hovered.emit("")


def _held(event: Any) -> set[str]:
    """Names of the modifier keys held."""
    return {str(getattr(key, "name", key)) for key in event.modifiers}

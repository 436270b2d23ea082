"""The canvas that all views share: cells, axes, mouse and keys, lasso, themes, export."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal
from vispy import app

from phygui.curation.statistics.snapshot import Snapshot
from phygui.errors import Cancelled
from phygui.views.core.axes import Cell
from phygui.views.core.colors import DIM, Theme
from phygui.views.core.colors import theme as theme_of
from phygui.views.core.export import figure_of
from phygui.views.core.lasso import Lasso
from phygui.views.core.layout import Layout, in_sight, lay_out, ranges
from phygui.views.core.loading import Cancel, Empty, NoParams, check
from phygui.views.core.mouse import DataT, Interactive, ParamsT
from phygui.views.core.palette import Palette, colored_clusters
from phygui.views.core.vispy_parts import buffer_of, close_for_good, keep_pixels, paint_with
from phygui.views.core.visuals import (
    Batch,
    Kept,
    Label,
    Shared,
    Text,
    fitting,
    is_software,
    legend,
    paragraph,
)
from phygui.views.data.figure import Figure, Kind

__all__ = ["Cancel", "Cancelled", "Empty", "NoParams", "View", "Visual", "check"]

_LEGEND = 9.0
"""Logical pixels that the line of a legend takes above the plots, beside the room that is there."""
_SMALLEST_WITH_LEGEND = 100.0
"""Logical pixels of height of a canvas below which plots are given all of it."""


class Visual(Protocol):
    """What a view draws."""

    def draw(self, shared: Shared, context: Any) -> None:
        """Draw; the canvas is current."""


class View(Interactive[ParamsT, DataT], app.Canvas):  # type: ignore[misc]  # vispy has no types
    """A picture of a part of the session, and what the user does to it.

    A view overrides :meth:`load` (any thread, no canvas) and :meth:`build` (GUI thread: turn the
    data into cells, vertices and labels). Everything else is shared. It is generic in its
    parameters and its data: ``class RateView(View[RateParams, RateData])``.

    Attributes
    ----------
    Params : type
        A frozen dataclass; the metadata of each field (label, help, min, max, step, choices, unit)
        makes the settings dialog; ``choices`` may be a function of the shank. ``reload=False``
        marks a field that :meth:`load` ignores, ``rebuild=False`` one that :meth:`build` ignores
        too, ``local=True`` one that means
        something in this dataset only, such as a channel or the scale of the data.
    has_legend : bool
        Whether the clusters shown are named in a line above the plots, each in its colour. For
        views that tell them apart by nothing else.
    has_lasso : bool
        Whether spikes can be selected with a lasso, see :meth:`spikes_in_lasso`.
    writes_over : bool
        Whether all labels are written, those that come first over the others; else those that come
        first, as far as there is room.
    loads_highlight : bool
        Whether spikes can be pointed at only once :meth:`load_highlight` has read what that takes.
    highlighted : array of int64
        Spikes that a lasso holds, sorted; empty for none.
    highlight_data : object
        What :meth:`load_highlight` returned for these spikes and the present data, or None.
    is_stale : bool
        Whether parameters changed since the data were loaded, so that they must be loaded again.
    n_standing : int
        Visuals that come first, of the theme's colours, and that a selection seldom changes.
    """

    Params: ClassVar[type] = NoParams
    loads_highlight: ClassVar[bool] = False
    has_legend: ClassVar[bool] = False
    grid_lines: ClassVar[bool] = False
    writes_over: bool = True
    fit_names = staticmethod(fitting)
    gap: ClassVar[float] = 6.0
    margins: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)

    params_changed = Signal()
    highlight_changed = Signal()
    painted = Signal()
    drawing_failed = Signal(object)
    """It could not be drawn, for this exception; if nobody listens, that is raised."""
    channel_clicked = Signal(int, str)
    """Number of a channel, and which axis of the features it is for: ``x`` or ``y``."""
    cluster_clicked = Signal(int)
    pair_clicked = Signal(int, int)
    time_clicked = Signal(float)

    def __init__(self, params: ParamsT | None = None, *, theme: str = "dark") -> None:
        self.params: ParamsT = self.Params() if params is None else params
        self.is_stale = True
        self.highlighted: NDArray[np.int64] = np.empty(0, np.int64)
        self.highlight_data: object = None
        self.visuals: list[Visual] = []
        self.n_standing = 0
        self.labels: list[Label] = []
        self._theme: Theme = theme_of(theme)
        self._shared = Shared()
        self._axis_lines = Batch("lines", smooth=False)
        self._text = Text()
        self._kept = Kept()
        self.palette = Palette()
        self._draws_smoothly: bool | None = None
        self._layout_size: tuple[float, ...] = ()
        self._is_over = False
        self._is_drawn = False
        self._buffer: tuple[int, ...] | None = None
        Interactive.__init__(self)
        # Asked for the resolution, vispy starts a program for every canvas; nothing goes by it.
        # And Qt needs no swap of buffers to show a widget: it would wait for the pixels in vain.
        app.Canvas.__init__(
            self, title=type(self).__name__, keys=None, size=(500, 400), dpi=96, autoswap=False
        )
        paint_with(self, self._paint)
        keep_pixels(self)

    @property
    def shows_metrics(self) -> bool:
        """Whether what is shown has to be loaded again when metrics of clusters come in."""
        return False

    def close(self) -> None:
        """Close for good, and let go of the OpenGL context."""
        if self._is_over:
            return
        self._is_over = True
        close_for_good(self)

    # -- to be overridden ------------------------------------------------------------------

    @staticmethod
    def load(snapshot: Snapshot, params: ParamsT, cancelled: Cancel) -> DataT | Empty:
        """Read and compute what is to be shown: pure, from any thread.

        Raises
        ------
        Cancelled
            If `cancelled` turned true.
        """
        raise NotImplementedError

    @classmethod
    def in_room(
        cls, params: ParamsT, size: tuple[float, float], cluster_ids: Sequence[int]
    ) -> ParamsT:
        """The settings that :meth:`load` gets where they leave something to the room there is.

        Parameters
        ----------
        params : Params
            The settings of the view.
        size : tuple of float
            Width and height of the canvas in logical pixels.
        cluster_ids : sequence of int
            The selected clusters.
        """
        return params

    @staticmethod
    def spikes_in_lasso(
        snapshot: Snapshot, params: ParamsT, lasso: Lasso, cancelled: Cancel
    ) -> NDArray[np.int64]:
        """Spikes of the selected clusters inside a lasso: all, also those not drawn; sorted."""
        raise NotImplementedError

    @staticmethod
    def load_highlight(
        snapshot: Snapshot, data: DataT, spike_ids: NDArray[np.int64], cancelled: Cancel
    ) -> object:
        """Read what pointing at spikes takes beyond the data shown: pure, from any thread."""
        raise NotImplementedError

    def build(self, data: DataT) -> None:
        """Turn data that are not empty into cells, visuals and labels."""

    def decorate(self, layout: Layout, size: tuple[float, float]) -> None:
        """Add lines and labels, in pixels of the canvas, to those of the axes."""

    def write_legend(self, right: float, bottom: float, room: float) -> None:
        """Name the clusters shown in a line that ends at a place of the canvas."""
        names = [str(cluster_id) for cluster_id in getattr(self.drawn, "cluster_ids", ())]
        self.layout.labels += legend(names, right, bottom, room, DIM)

    @property
    def summary(self) -> str:
        """What the settings dialog says about what is shown; empty for nothing."""
        return ""

    def before_draw(self) -> None:
        """Bring visuals up to date with scale and marker size."""

    def point_at(self, data: DataT, spike_ids: NDArray[np.int64]) -> None:
        """Point at spikes that a lasso holds; sorted ids, empty for none. Follows every build."""

    # -- what is shown ---------------------------------------------------------------------

    def set_data(self, data: DataT | Empty) -> None:
        """Show what :meth:`load` returned."""
        same = getattr(data, "cluster_ids", None) == getattr(self.data, "cluster_ids", ())
        self.data = data
        self.highlight_data = None
        self.is_stale = False
        if isinstance(data, Empty):
            self.set_cells([])
            self.labels = []
        else:
            self._build()
        # A lasso is drawn around the spikes of a selection, and goes with it.
        if same:
            self.keep_lasso()
        else:
            self.clear_lasso()
        self.forget_hover()
        self.refresh()

    def set_params(self, params: ParamsT) -> None:
        """Take other settings; what needs no new data shows at once."""
        if params == self.params:
            return
        changed = [
            f for f in fields(params) if getattr(params, f.name) != getattr(self.params, f.name)
        ]
        scale, self.params = self.data_scale, params
        if self.data_scale != scale:
            self.on_data_scale(self.data_scale / scale)
        if any(f.metadata.get("reload", True) for f in changed):
            self.is_stale = True
        elif self.has_picture:
            if any(f.metadata.get("rebuild", True) for f in changed):
                self._build()
            self.refresh()
        self.params_changed.emit()

    def change_params(self, **changes: Any) -> None:
        """Change some settings."""
        self.set_params(replace(self.params, **changes))

    def _build(self) -> None:
        self.build(self.drawn)
        self.point_at(self.drawn, self.highlighted)

    def highlight(self, spike_ids: NDArray[np.int64]) -> None:
        """Point at spikes from now on, whatever data come; sorted ids, empty for none."""
        if not len(spike_ids) and not len(self.highlighted):
            return
        self.highlighted = spike_ids
        self.set_highlight_data(None)
        self.highlight_changed.emit()

    def set_highlight_data(self, highlight_data: object) -> None:
        """Point at spikes with what :meth:`load_highlight` returned."""
        self.highlight_data = highlight_data
        if self.has_picture:
            self.point_at(self.drawn, self.highlighted)

    def set_cells(self, cells: Sequence[Cell]) -> None:
        """Replace the grid; what the user zoomed is taken over by axes that keep it, by their key.

        Axes that follow the scale of the data do so at once.
        """
        moved = {a.key: a.view for c in self.cells for a in (c.x, c.y) if a.keep and a.is_moved}
        for axis in {id(a): a for c in cells for a in (c.x, c.y)}.values():
            if axis.keep and axis.key in moved:
                axis.show(*moved[axis.key])
            elif axis.scaled:
                axis.zoom(self.data_scale, 0.0)
        self.cells = list(cells)
        self._layout_size = ()
        self.end_drag_outside()

    def set_theme(self, name: str) -> None:
        """Show in the ``dark`` or the ``light`` theme."""
        self._theme = theme_of(name)
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

    def figure(self, kind: Kind = "png", scale: float = 2.0) -> Figure:
        """Its picture as it is now, for a notebook or a file; see `phygui.figure`."""
        return figure_of(self, kind, scale)

    # -- drawing ---------------------------------------------------------------------------

    def update(self, event: Any = None) -> None:
        """Have it painted again: something in it is another."""
        self._is_drawn = False
        super().update(event)

    @property
    def is_drawn(self) -> bool:
        """Whether it has been drawn ahead, and Qt only needs to show it."""
        return self._is_drawn and self._buffer == buffer_of(self)

    def draw_ahead(self) -> None:
        """Draw already now what Qt is going to show when it comes to paint the window."""
        if self.has_picture and not self._is_drawn and (buffer := buffer_of(self)) is not None:
            self.set_current()
            self.events.draw(region=None)
            self._is_drawn, self._buffer = True, buffer

    def _paint(self) -> None:
        self.set_current()
        if not self.is_drawn:
            self.events.draw(region=None)
        # Qt paints once more only what has been covered, or been given another buffer.
        self._is_drawn = False
        if self.data is not None:
            self.painted.emit()

    def on_draw(self, event: Any) -> None:
        """Draw everything."""
        if self.data is None:
            # Qt paints a canvas as soon as it is there; its data come in a moment.
            self.context.set_viewport(0, 0, *self.physical_size)
            self.context.clear(color=tuple(self._theme.roles["background"] / 255.0))
            self.context.flush_commands()
            return
        width, height = self.size
        try:
            self.draw_all((float(width), float(height)), self.physical_size[0] / max(1, width))
        except Exception as error:
            if not len(self.drawing_failed):
                raise
            self.drawing_failed.emit(error)
        # Whoever rasterises, a graphics card or threads, begins while the next view is drawn.
        self.context.flush()
        self.context.flush_commands()

    def draw_all(
        self,
        size: tuple[float, float],
        pixel_ratio: float,
        *,
        decoration: bool = True,
        smooth: bool | None = None,
    ) -> None:
        """Draw into the current frame buffer: a canvas of `size` logical pixels.

        Without `decoration` the data alone are drawn, on nothing: no ground, axes, texts or lasso.
        Their colours are then multiplied by their opacity. Lines are `smooth` by
        default if there is a graphics card to draw them: without one it takes three times as long.
        """
        context, shared = self.context, self._shared
        context.set_viewport(0, 0, round(size[0] * pixel_ratio), round(size[1] * pixel_ratio))
        context.set_state(
            depth_test=False,
            cull_face=False,
            blend=True,
            blend_func=("src_alpha", "one_minus_src_alpha", "one", "one_minus_src_alpha"),
        )
        ground = self._theme.roles["background"] / 255.0
        context.clear(color=tuple(ground) if decoration else (0.0, 0.0, 0.0, 0.0))
        self.palette.send(shared, self._theme, colored_clusters(self.data))
        if self._layout_size != (*size, pixel_ratio):
            self._lay_out(size)
            self._layout_size = (*size, pixel_ratio)
        if self._draws_smoothly is None:
            self._draws_smoothly = not is_software()
        shared.smooth = self._draws_smoothly if smooth is None else smooth
        shared.gain, shared.pixel_ratio = self.data_scale, pixel_ratio
        self.before_draw()
        context.set_line_width(max(1.0, pixel_ratio))
        visuals: list[Visual] = [self._axis_lines] if decoration else []
        visuals += self.visuals if self.has_picture else []
        # A graphics card draws all in no time; and a picture for elsewhere is drawn once.
        if self.n_standing and smooth is None and not self._draws_smoothly:
            standing, visuals = visuals[: 1 + self.n_standing], visuals[1 + self.n_standing :]
            self._kept.draw(shared, context, standing, *self.palette.of_theme)
        for visual in visuals:
            visual.draw(shared, context)
        if decoration:
            self._time_band.draw(shared, context)
            self.draw_lasso(shared, context)
            self._text.draw(shared, context)

    def _named(self, labels: list[Label]) -> list[Label]:
        """Those of the view's own labels that are written."""
        if self.writes_over or not self.cells:
            # What is drawn last is on top.
            return labels[::-1]
        inside, points = in_sight(labels, self.cells, self.layout.boxes)
        return self.fit_names(inside, points, self.layout.boxes)

    @property
    def all_labels(self) -> list[Label]:
        """All text shown, that of the axes included."""
        return self._text.labels

    def _lay_out(self, size: tuple[float, float]) -> None:
        if isinstance(self.data, Empty):
            labels = paragraph(self.data.reason, size, DIM)
            self.layout = Layout(np.empty((0, 4)))
        else:
            left, top, right, bottom = self.margins
            named = self.has_legend and self.has_picture and size[1] >= _SMALLEST_WITH_LEGEND
            self.layout = lay_out(
                self.cells,
                size,
                gap=self.gap,
                margins=(left, top + _LEGEND if named else top, right, bottom),
                grid_lines=self.grid_lines,
            )
            if named and self.cells:
                first, above, widths, _ = self.layout.boxes.T
                start, end = float(first.min()), float((first + widths).max())
                self.write_legend(end, float(above.min()) - 2, end - start)
            self.decorate(self.layout, size)
            labels = [*self.layout.labels, *self._named(self.labels), *self.lasso_labels()]
        self._axis_lines.set_data(*self.layout.lines)
        self._text.set_labels(labels)
        self._shared.set_places(size, ranges(self.cells), self.layout.boxes)

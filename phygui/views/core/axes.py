"""Axes and cells: what is shown of the data, and how the user moves it; values on an axis."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

Ticks = list[tuple[float, str]]

_WIDEST = 1e30
"""Widest range that is shown."""


def nice_number(bound: float, *, at_least: bool = False) -> float:
    """The largest of 1, 2 or 5 times a power of ten up to a bound, or the smallest from it on."""
    power = 10.0 ** math.floor(math.log10(bound))
    numbers = [m * power for m in (1, 2, 5, 10)]
    if at_least:
        return next(n for n in numbers if n >= bound * (1 - 1e-9))
    return max(n for n in numbers if n <= bound * (1 + 1e-9))


def nice_ticks(low: float, high: float, n_max: int) -> Ticks:
    """Round numbers in an interval, with their text, all with the same number of decimals.

    Parameters
    ----------
    low, high : float
        Ends of the interval, in this order.
    n_max : int
        Most ticks wanted; the step is 1, 2 or 5 times a power of ten.
    """
    span = high - low
    if not (math.isfinite(span) and span > 0) or n_max < 1:
        return []
    step = nice_number(span / n_max, at_least=True)
    first, last = math.ceil(low / step - 1e-6), math.floor(high / step + 1e-6)
    values = [k * step for k in range(first, last + 1)]
    return [(v, format_value(v, step)) for v in values]


def whole_ticks(low: float, high: float, n_max: int) -> Ticks:
    """Those of :func:`nice_ticks` that are whole numbers, for counts.

    All of them in an interval without two whole numbers, where one alone gives no scale.
    """
    ticks = nice_ticks(low, high, n_max)
    if math.floor(high) - math.ceil(low) < 1:
        return ticks
    return [(v, format_value(v, 1.0)) for v, _ in ticks if v == round(v)]


def id_ticks(
    ids: Sequence[int], low: float, high: float, n_most: int, *, besides: Collection[int] = ()
) -> Ticks:
    """Ids at their places 0, 1, 2... in an interval: as many as can be read, at equal distances.

    Parameters
    ----------
    ids : sequence of int
    low, high : float
        Ends of the interval, in places.
    n_most : int
    besides : collection of int
        Ids that are written anyway, and left out.
    """
    first, last = max(math.ceil(low), 0), min(math.floor(high), len(ids) - 1)
    step = max(math.ceil((last - first + 1) / max(n_most, 1)), 1)
    return [
        (float(k), str(ids[k]))
        for k in range(first, last + 1)
        if k % step == 0 and ids[k] not in besides
    ]


def format_value(value: float, step: float) -> str:
    """Write a number with as many decimals as its step needs."""
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    if abs(value) < step * 1e-6:
        value = 0.0
    if abs(value) >= 1e6 or decimals > 6:
        text = f"{value:.3g}"
    else:
        text = f"{value:.{decimals}f}"
    return text.replace("-", "−")


def name_value(axis: Axis, value: float) -> str:
    """Name an axis and a value on it, to about a thousandth of what is shown: ``ch 3 PC1 −4.25``.

    A unit, which stands in brackets at the axis, follows the value.
    """
    name, _, unit = axis.label.partition(" (")
    low, high = axis.view
    text = format_value(value, 10.0 ** math.floor(math.log10(abs(high - low) / 300)))
    return f"{name} {text} {unit.rstrip(')')}".strip()


@dataclass(eq=False)
class Axis:
    """One direction of one or several cells; cells that share an axis move together.

    Parameters
    ----------
    key : str
        What is measured: ``time``, ``5:0`` ... The lasso and the zoom refer to it.
    low, high : float
        Range shown at first and after a reset.
    label : str
        Name and unit, as in ``time (s)``.
    ticks : callable, optional
        ``ticks(low, high, n_max)`` gives places and texts; None for none.
    fixed : bool
        Neither pan nor zoom moves it.
    scaled : bool
        The scale of the data zooms it about zero, also when other data come.
    keep : bool
        A zoom made by the user outlives the next selection.
    limits : tuple of float, optional
        Neither pan nor zoom goes beyond.
    named_below : bool
        The name of a vertical axis stands under its ticks, not in the place of the highest ones.
    name_yields : bool
        The name of a vertical axis is left out where it would leave no room for two numbers.
    """

    key: str
    low: float
    high: float
    label: str = ""
    ticks: Callable[[float, float, int], Ticks] | None = nice_ticks
    fixed: bool = False
    scaled: bool = False
    keep: bool = False
    limits: tuple[float, float] | None = None
    named_below: bool = False
    name_yields: bool = False
    view: tuple[float, float] = field(init=False)

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high)) or self.low == self.high:
            middle = self.low if math.isfinite(self.low) else 0.0
            self.low, self.high = middle - 0.5, middle + 0.5
        self.view = (self.low, self.high)

    @property
    def is_moved(self) -> bool:
        """Whether the user has changed the range."""
        return self.view != (self.low, self.high)

    def reset(self) -> None:
        """Show the first range again."""
        self.view = (self.low, self.high)

    def pan(self, by: float) -> None:
        """Move the range by so much."""
        self.show(self.view[0] + by, self.view[1] + by)

    def zoom(self, factor: float, around: float) -> None:
        """Show a range `factor` times smaller, `around` staying where it is."""
        low, high = self.view
        self.show(around + (low - around) / factor, around + (high - around) / factor)

    def show(self, low: float, high: float) -> None:
        """Show a range; it is kept within the limits, and within what float32 can tell apart."""
        if self.fixed:
            return
        if self.limits is not None:
            bottom, top = self.limits
            span = min(high - low, top - bottom)
            low = min(max(low, bottom), top - span)
            high = low + span
        finest = 1e-5 * max(abs(low), abs(high), 1e-30)
        if finest < high - low < _WIDEST:
            self.view = (low, high)


@dataclass(eq=False)
class Cell:
    """One plot of the grid.

    ``show_x`` and ``show_y`` say whether tick values are written; by default
    they are where the neighbour below, or to the left, has another axis.
    ``weight`` is the width of the cell's column relative to that of the others; ``spans``
    says over how many rows and columns the cell goes, from its own on;
    ``lasso`` says whether its points are spikes that a lasso can select.
    """

    x: Axis
    y: Axis
    row: int = 0
    column: int = 0
    show_x: bool | None = None
    show_y: bool | None = None
    frame: bool = True
    weight: float = 1.0
    spans: tuple[int, int] = (1, 1)
    lasso: bool = True

    def pan(self, right: float, up: float) -> None:
        """Move what is shown by so much of the cell's width and height.

        Where one axis is both it goes along the diagonal, as far as the way leads along it.
        """
        if self.x is self.y:
            right = up = (right + up) / 2
        else:
            self.y.pan(-up * (self.y.view[1] - self.y.view[0]))
        self.x.pan(-right * (self.x.view[1] - self.x.view[0]))

    def zoom(self, across: float, up: float, around: tuple[float, float]) -> None:
        """Show ranges so many times smaller about a place; where one axis is both, the mean."""
        x, y = around
        if self.x is self.y:
            across, x = math.sqrt(across * up), (x + y) / 2
        else:
            self.y.zoom(up, y)
        self.x.zoom(across, x)

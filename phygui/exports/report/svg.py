"""Small figures as SVG: axes with ticks, and what is drawn in them.

A page is made of nothing but text: it needs neither a library to be written nor a file to be shown,
and prints at any size. Colours and line widths are those of the page's style sheet.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

import numpy as np
from numpy.typing import ArrayLike, NDArray

from phygui.words import plain

Size = tuple[float, float]
LEFT, RIGHT, TOP, BOTTOM = 38.0, 8.0, 8.0, 28.0
"""Margins of the axes, in the units of the figure."""


def text_of(text: object) -> str:
    """A text as it stands in a page, whatever is in it."""
    return escape(plain(text))


def number(value: float | None) -> str:
    """A number in about three digits; a dash for none."""
    if value is None or not math.isfinite(value):
        return "–"
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 1e-3 else f"{value:.1e}"


def ticks(low: float, high: float, n: int = 4) -> list[float]:
    """Round numbers in a range, about `n` of them."""
    raw = (high - low) / n
    if not (math.isfinite(raw) and raw > 0):
        return []
    power = 10.0 ** math.floor(math.log10(raw))
    step = next((m * power for m in (1, 2, 5) if m * power >= raw), 10 * power)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    # Without what sums of binary fractions add.
    return [float(f"{k * step:.6g}") for k in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten in a range, both ends above 0."""
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    return [10.0**k for k in range(first, last + 1)]


class Axes:
    """A figure with two axes.

    Parameters
    ----------
    size : (float, float)
        Width and height.
    x, y : (float, float)
        What the axes span.
    labels : (str, str)
        What stands at them.
    title : str
        Of the figure, for who cannot see it.
    is_log : bool
        Whether the x axis is logarithmic.
    """

    def __init__(
        self,
        size: Size,
        x: tuple[float, float],
        y: tuple[float, float],
        labels: tuple[str, str],
        *,
        title: str,
        is_log: bool = False,
    ) -> None:
        self.size, self.labels, self.title, self.is_log = size, labels, title, is_log
        self.x, self.y = _opened(x), _opened(y)
        self._parts: list[str] = []

    def to_x(self, values: ArrayLike) -> NDArray[np.float64]:
        """Places of values on the x axis."""
        low, high = self.x
        found = np.asarray(values, np.float64)
        if self.is_log:
            low, high, found = math.log10(low), math.log10(high), np.log10(found)
        return np.asarray(LEFT + (found - low) / (high - low) * (self.size[0] - LEFT - RIGHT))

    def to_y(self, values: ArrayLike) -> NDArray[np.float64]:
        """Places of values on the y axis; up is up."""
        low, high = self.y
        share = (np.asarray(values, np.float64) - low) / (high - low)
        return np.asarray(self.size[1] - BOTTOM - share * (self.size[1] - BOTTOM - TOP))

    def steps(self, edges: ArrayLike, counts: ArrayLike, kind: str = "") -> None:
        """A histogram, filled."""
        bottom = short(float(self.to_y(max(0.0, self.y[0]))))
        x, y = self.to_x(edges), self.to_y(counts)
        path = "".join(f"V{short(level)}H{short(end)}" for level, end in zip(y, x[1:], strict=True))
        self._parts.append(
            f'<path class="fill {kind}" d="M{short(x[0])} {bottom}{path}V{bottom}Z"/>'
        )

    def points(self, x: ArrayLike, y: ArrayLike, kind: str = "") -> None:
        """Dots, as one path."""
        places = zip(self.to_x(x), self.to_y(y), strict=True)
        path = "".join(f"M{short(a)} {short(b)}h0" for a, b in places)
        if path:
            self._parts.append(f'<path class="dots {kind}" d="{path}"/>')

    def band(self, low: float, high: float, kind: str) -> None:
        """All between two values of x."""
        left, right = self.to_x([max(low, self.x[0]), min(high, self.x[1])])
        if right > left:
            self._parts.append(
                f'<rect class="{kind}" x="{short(left)}" y="{short(TOP)}" '
                f'width="{short(right - left)}" height="{short(self.size[1] - BOTTOM - TOP)}"/>'
            )

    def finish(self) -> str:
        """The figure."""
        width, height = self.size
        bottom = height - BOTTOM
        marks = [f'<path class="axis" d="M{LEFT:g} {TOP:g}V{bottom:g}H{width - RIGHT:g}"/>']
        at_x = log_ticks(*self.x) if self.is_log else ticks(*self.x)
        for value, place in zip(at_x, self.to_x(at_x), strict=True):
            marks.append(f'<path class="axis" d="M{short(place)} {bottom:g}v3"/>')
            marks.append(label(place, bottom + 12, number(value)))
        at_y = ticks(*self.y, 3)
        for value, place in zip(at_y, self.to_y(at_y), strict=True):
            marks.append(f'<path class="axis" d="M{LEFT:g} {short(place)}h-3"/>')
            marks.append(label(LEFT - 5, place + 3, number(value), "end"))
        marks.append(label((LEFT + width - RIGHT) / 2, height - 4, self.labels[0], kind="name"))
        marks.append(label(LEFT + 5, TOP + 7, self.labels[1], "start", "name"))
        return figure(self.size, self.title, [*self._parts, *marks])


def figure(size: Size, title: str, parts: Iterable[str]) -> str:
    """Parts as a figure."""
    return (
        f'<svg viewBox="0 0 {size[0]:g} {size[1]:g}" role="img">'
        f"<title>{text_of(title)}</title>{''.join(parts)}</svg>"
    )


def curves(x: NDArray[np.float64], y: NDArray[np.float64], kind: str = "") -> str:
    """Curves, a row each, in the units of the figure, as one path."""
    rows: Sequence[str] = [
        "M" + "L".join(f"{short(a)} {short(b)}" for a, b in zip(*row, strict=True))
        for row in zip(x, y, strict=True)
    ]
    return f'<path class="line {kind}" d="{"".join(rows)}"/>' if rows else ""


def label(x: float, y: float, text: str, anchor: str = "middle", kind: str = "") -> str:
    """A text in a figure."""
    more = f' class="{kind}"' if kind else ""
    return (
        f'<text x="{short(x)}" y="{short(y)}" text-anchor="{anchor}"{more}>{text_of(text)}</text>'
    )


def short(value: float) -> str:
    """A place with one decimal, as short as it goes."""
    return f"{value:.1f}".removesuffix(".0")


def _opened(limits: tuple[float, float]) -> tuple[float, float]:
    """Limits that something fits between."""
    low, high = map(float, limits)
    if not (math.isfinite(low) and math.isfinite(high)):
        return 0.0, 1.0
    return (low, high) if high > low else (low, low + 1.0)

"""How the window looks: dark or light palette, group colours and marks, icons."""

from __future__ import annotations

import html
from collections.abc import Mapping
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Any

from qtpy.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from qtpy.QtGui import QAction, QColor, QIcon, QIconEngine, QPainter, QPalette, QPixmap
from qtpy.QtSvg import QSvgRenderer
from qtpy.QtWidgets import QAbstractButton, QApplication, QWidget

THEMES = ("dark", "light")

_COLORS = {
    "dark": {
        "window": "#1d1f24",
        "base": "#16181d",
        "alternate": "#1a1c21",
        "button": "#2a2d34",
        "text": "#d4d7dd",
        "dim": "#7c828d",
        "highlight": "#34507a",
        "line": "#33363e",
        "icon": "#c8ccd4",
        "wrong": "#ff8a80",
        "link": "#7fb2f0",
        "alert": "#ff6b5e",
        "range": "#8fc1ff",
    },
    "light": {
        "window": "#f3f3f4",
        "base": "#ffffff",
        "alternate": "#f7f7f8",
        "button": "#e6e7ea",
        "text": "#202226",
        "dim": "#74787f",
        "highlight": "#bcd3f2",
        "line": "#cfd1d6",
        "icon": "#3a3d44",
        "wrong": "#b3261e",
        "link": "#1a5fb4",
        "alert": "#d43a2f",
        "range": "#1b5cb8",
    },
}
_GROUP_COLORS = {
    "dark": {"good": "#7fd48a", "mua": "#e3b45c", "noise": "#7c828d"},
    "light": {"good": "#1c7c2c", "mua": "#8a5a00", "noise": "#8a8f98"},
}
GROUP_MARKS = {"good": "●", "mua": "◐", "noise": "✕", "unsorted": "○"}
"""A sign for each group, so that groups differ without colour too; its icon is the same sign."""

_THEME_OF_APPLICATION = "theme"
_own_group_colors: dict[str, str] = {}
_current = "dark"


def number_of(flags: Any) -> int:
    """Flags as those who draw text take them: PyQt5's are numbers, PyQt6's have one."""
    return int(getattr(flags, "value", flags))


def current_theme() -> str:
    """Name of the theme in use."""
    return _current


def color(name: str) -> QColor:
    """A colour of the theme in use."""
    return QColor(_COLORS[_current][name])


@lru_cache(maxsize=64)
def group_color(group: str) -> QColor:
    """Text colour of a cluster group; not to be changed."""
    own = _own_group_colors.get(group.casefold(), _COLORS[_current]["text"])
    return QColor(_GROUP_COLORS[_current].get(group, own))


def set_own_group_colors(colors: Mapping[str, str]) -> None:
    """Give groups beyond the four a text colour, by their names, as ``#rrggbb``."""
    _own_group_colors.clear()
    valid = {name: of for name, of in colors.items() if QColor.isValidColor(of)}
    _own_group_colors.update({name.casefold(): of for name, of in valid.items()})
    group_color.cache_clear()


def swatch(color: str) -> QIcon:
    """An icon that is all of one colour; none for no colour."""
    if not color:
        return QIcon()
    pixmap = QPixmap(32, 32)
    pixmap.fill(QColor(color))
    return QIcon(pixmap)


def apply_theme(app: QApplication, name: str) -> None:
    """Give the whole application a theme."""
    global _current
    name = name if name in THEMES else "dark"
    if app.property(_THEME_OF_APPLICATION) == name:
        # To give it again would lay out every widget of every window again.
        return
    app.setProperty(_THEME_OF_APPLICATION, name)
    _current = name
    icon.cache_clear()
    group_color.cache_clear()
    app.setStyle("Fusion")
    app.setPalette(_palette())
    app.setStyleSheet(_style())


def _palette() -> QPalette:
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: "window",
        QPalette.ColorRole.Base: "base",
        QPalette.ColorRole.AlternateBase: "alternate",
        QPalette.ColorRole.Button: "button",
        QPalette.ColorRole.WindowText: "text",
        QPalette.ColorRole.Text: "text",
        QPalette.ColorRole.ButtonText: "text",
        QPalette.ColorRole.ToolTipText: "text",
        QPalette.ColorRole.ToolTipBase: "button",
        QPalette.ColorRole.BrightText: "text",
        QPalette.ColorRole.Highlight: "highlight",
        QPalette.ColorRole.HighlightedText: "text",
        QPalette.ColorRole.Link: "text",
        QPalette.ColorRole.PlaceholderText: "dim",
    }
    for role, name in roles.items():
        palette.setColor(role, color(name))
    for role in (
        QPalette.ColorRole.WindowText,
        QPalette.ColorRole.Text,
        QPalette.ColorRole.ButtonText,
    ):
        palette.setColor(QPalette.ColorGroup.Disabled, role, color("dim"))
    # Menus draw what is disabled twice, a pixel apart, first in this colour.
    palette.setColor(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Light, color("window"))
    return palette


def _style() -> str:
    c = _COLORS[_current]
    return f"""
    QMainWindow::separator {{ background: {c["window"]}; width: 4px; height: 4px; }}
    QMainWindow::separator:hover {{ background: {c["highlight"]}; }}
    QToolBar {{ border: 0; border-bottom: 1px solid {c["line"]}; spacing: 2px; padding: 2px; }}
    QToolButton {{ border: 0; border-radius: 3px; padding: 3px; }}
    #chip {{ background: {c["highlight"]}; padding: 1px 6px; border-radius: 7px; }}
    QToolButton:hover {{ background: {c["button"]}; }}
    QToolButton:checked {{ background: {c["highlight"]}; }}
    QStatusBar {{ border-top: 1px solid {c["line"]}; }}
    QStatusBar::item {{ border: 0; }}
    QTableView {{ border: 0; gridline-color: {c["alternate"]}; }}
    QTableView::item:selected {{ background: {c["highlight"]}; }}
    QHeaderView::section {{ background: {c["window"]}; border: 0; padding: 5px 4px 2px 4px;
        border-bottom: 1px solid {c["line"]}; }}
    QHeaderView::up-arrow, QHeaderView::down-arrow {{ image: none; width: 0; height: 0; }}
    QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
    QLineEdit {{ border: 1px solid {c["line"]}; border-radius: 3px; padding: 2px 4px;
        background: {c["base"]}; }}
    QLineEdit[wrong="true"] {{ border-color: {c["wrong"]}; }}
    QLabel[wrong="true"] {{ color: {c["wrong"]}; }}
    QCheckBox::indicator:unchecked {{ border: 1px solid {c["dim"]}; border-radius: 2px;
        background: {c["base"]}; width: 11px; height: 11px; }}
    QToolTip {{ border: 1px solid {c["line"]}; background: {c["button"]}; color: {c["text"]}; }}
    #card {{ background: {c["button"]}; border: 1px solid {c["dim"]}; border-radius: 6px; }}
    #dockTitle {{ background: {c["window"]}; }}
    #dockTitle QLabel {{ color: {c["dim"]}; font-weight: bold; }}
    #dockTitle #hint {{ font-weight: normal; }}
    #hint {{ color: {c["dim"]}; }}
    """


class _Drawing(QIconEngine):
    """Draws an icon at the size at which it is wanted, when it is wanted.

    Parameters
    ----------
    name : str
        Name of the icon among the project's resources.
    theme : str
        The theme in whose colour it is drawn.
    """

    def __init__(self, name: str, theme: str) -> None:
        super().__init__()
        self._name, self._theme = name, theme
        self._pixmaps: dict[tuple[int, int, QIcon.Mode], QPixmap] = {}

    @cached_property
    def _renderer(self) -> QSvgRenderer:
        source = (files("phygui.resources") / "icons" / f"{self._name}.svg").read_text("utf-8")
        source = source.replace(_COLORS["dark"]["icon"], _COLORS[self._theme]["icon"])
        if self._name in GROUP_MARKS:
            dark, hue = (
                _GROUP_COLORS[theme].get(self._name, _COLORS[theme]["text"])
                for theme in ("dark", self._theme)
            )
            source = source.replace(dark, hue)
        return QSvgRenderer(QByteArray(source.encode()))

    def paint(
        self, painter: QPainter | None, rect: QRect, mode: QIcon.Mode, state: QIcon.State
    ) -> None:
        """Draw it; what is disabled is faint, or it would look as bright as the rest."""
        if painter is not None:
            painter.save()
            painter.setOpacity(0.35 if mode == QIcon.Mode.Disabled else 1.0)
            self._renderer.render(painter, QRectF(rect))
            painter.restore()

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        """It on a transparent ground."""
        key = (size.width(), size.height(), mode)
        if key not in self._pixmaps:
            pixmap = QPixmap(size)
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            self.paint(painter, pixmap.rect(), mode, state)
            painter.end()
            self._pixmaps[key] = pixmap
        return self._pixmaps[key]

    def clone(self) -> QIconEngine:
        """Another one that draws the same."""
        return _Drawing(self._name, self._theme)


@lru_cache(maxsize=64)
def icon(name: str) -> QIcon:
    """An icon of the project, in the colour of the theme; sharp at any scale."""
    return QIcon(_Drawing(name, _current))


def plain_tip(text: str) -> str:
    """A tooltip that shows a text as it is, also when it holds what looks like markup."""
    lines = html.escape(text).replace("\n", "<br>")
    return f"<qt>{lines}</qt>" if text else ""


def renew_icons(window: QWidget) -> None:
    """Draw the icons of a window again, in the colour of the theme in use."""
    items: list[QAction | QAbstractButton] = [*window.findChildren(QAction)]
    items += window.findChildren(QAbstractButton)
    for item in items:
        name = item.property("icon_name")
        if isinstance(name, str):
            item.setIcon(icon(name))

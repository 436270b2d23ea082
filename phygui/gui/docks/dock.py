"""A dock: its title bar, and how it comes to the front."""

from __future__ import annotations

from qtpy.QtCore import QPoint, QRect, Qt, QTimer, Signal
from qtpy.QtGui import QAction, QMouseEvent, QMoveEvent, QPainter, QPaintEvent, QResizeEvent
from qtpy.QtWidgets import (
    QDockWidget,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from phygui.gui.base.elided import ElidedLabel
from phygui.gui.base.theme import color, icon

FLOAT_SHIFT = 24
"""Pixels by which a dock moves right and down when it begins to float."""


class DockTitle(QWidget):
    """The title bar of a dock: its name, then small buttons.

    Signals
    -------
    double_clicked
        It has been double-clicked, and the button of the mouse is up again.
    """

    double_clicked = Signal()

    def __init__(self, dock: QDockWidget, title: str) -> None:
        super().__init__(dock)
        self.buttons: dict[str, QToolButton] = {}
        self._is_double = False
        self.setObjectName("dockTitle")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.label = QLabel(title)
        self.note = ElidedLabel()
        self.note.setObjectName("hint")
        self.note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(6, 1, 2, 1)
        self._row.setSpacing(0)
        self._row.addWidget(self.label)
        self._row.addSpacing(8)
        self._row.addWidget(self.note, 1)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Take a double click: the dock would turn at once, while the button is down.

        The button then comes up over another window, and Qt goes on to send all that the mouse
        does to the one that was clicked and is gone.
        """
        self._is_double = event.button() == Qt.MouseButton.LeftButton

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Tell of a double click, once nothing of it is to come any more."""
        if self._is_double:
            self._is_double = False
            QTimer.singleShot(0, self.double_clicked.emit)
        else:
            super().mouseReleaseEvent(event)

    def add_button(self, icon_name: str, tip: str, *, checkable: bool = False) -> QToolButton:
        """Add a small button at the right end."""
        button = QToolButton()
        button.setIcon(icon(icon_name))
        button.setToolTip(tip)
        button.setCheckable(checkable)
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setFixedSize(20, 20)
        button.setProperty("icon_name", icon_name)
        self._row.addWidget(button)
        self.buttons[icon_name] = button
        return button


class Dock(QDockWidget):
    """A dock with the project's own title bar.

    Most docks are hidden at start, and are finished when they are first shown.

    Parameters
    ----------
    name : str
    title : str
        What the title bar, the menu and the palette call it.
    widget : QWidget, optional
    tab : str
        What its tab calls it, beside others in little room; the title by default.
    """

    def __init__(
        self, name: str, title: str, widget: QWidget | None = None, *, tab: str = ""
    ) -> None:
        super().__init__(tab or title)
        self.title = title
        self.setObjectName(name)
        self._title_bar: DockTitle | None = None
        # Qt's own action would close a dock that is behind another tab, and open it behind one.
        self.menu_action = QAction(title, self)
        self.menu_action.setCheckable(True)
        self.menu_action.triggered.connect(self._show_or_close)
        self.visibilityChanged.connect(self.menu_action.setChecked)
        self._docked_at = QRect()
        self._places: dict[QDockWidget, QRect] = {}
        """Where the docks of the window were when this one began to float."""
        self.topLevelChanged.connect(self._keep_proportions)
        if widget is not None:
            self.hold_widget(widget)

    def hold_widget(self, widget: QWidget) -> None:
        """Have a widget in it."""
        # Whatever is in it, a dock can be made small, so that all fit on a small screen.
        widget.setMinimumSize(120, 80)
        self.setWidget(widget)

    def bring_to_front(self) -> None:
        """Show it, before the other tabs of its place."""
        self.show()
        self.raise_()

    def _show_or_close(self, wanted: bool) -> None:
        if wanted:
            self.bring_to_front()
        else:
            self.close()
        # A dock behind a tab is seen only once Qt has laid it out.
        self.menu_action.setChecked(wanted)

    def finish(self) -> None:
        """Make what is seen only of a dock that is shown."""
        assert self.title_bar

    @property
    def title_bar(self) -> DockTitle:
        """The title bar, made now if it was not yet needed."""
        if self._title_bar is None:
            self._title_bar = DockTitle(self, self.title)
            self._title_bar.double_clicked.connect(self._float_or_dock)
            self.add_buttons(self._title_bar)
            self.setTitleBarWidget(self._title_bar)
        return self._title_bar

    def add_buttons(self, title_bar: DockTitle) -> None:
        """Add the buttons that every dock has: float and close."""
        title_bar.add_button("float", "float or dock").clicked.connect(self._float_or_dock)
        close = title_bar.add_button("close", "close (View > Show brings it back)")
        close.clicked.connect(self.close)

    def setVisible(self, visible: bool) -> None:
        """Show or hide."""
        if visible:
            self.finish()
        super().setVisible(visible)

    @property
    def is_on_screen(self) -> bool:
        """Whether it is shown, and not behind another tab."""
        return self.isVisible() and not self.visibleRegion().isEmpty()

    def _keep_proportions(self, floats: bool) -> None:
        """Dragged back to where it was, it takes as much room as it had, not as when it floated."""
        window = self.parent()
        if not isinstance(window, QMainWindow):
            return
        if floats:
            # The others have not yet taken its room.
            docked = [d for d in window.findChildren(Dock) if d is self or not d.isFloating()]
            self._places = {d: d.geometry() for d in docked if d is self or d.is_on_screen}
            self._places[self] = self._docked_at
        else:
            QTimer.singleShot(0, self._share_as_before)

    def _share_as_before(self) -> None:
        window, places, self._places = self.parent(), self._places, {}
        if not isinstance(window, QMainWindow) or self.isFloating() or self not in places:
            return
        if not self.geometry().contains(places[self].center()):
            # It is in another place, with other neighbours.
            return
        there = [d for d in places if not d.isFloating() and d.isVisible()]
        for length, way in (
            (QRect.width, Qt.Orientation.Horizontal),
            (QRect.height, Qt.Orientation.Vertical),
        ):
            window.resizeDocks(there, [length(places[d]) for d in there], way)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Have a frame when it floats, where it would else run into what is behind it."""
        super().paintEvent(event)
        if self.isFloating():
            painter = QPainter(self)
            painter.setPen(color("dim"))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Remember the place in the window."""
        super().resizeEvent(event)
        if not self.isFloating():
            self._docked_at = self.geometry()

    def moveEvent(self, event: QMoveEvent) -> None:
        """Remember the place in the window."""
        super().moveEvent(event)
        if not self.isFloating():
            self._docked_at = self.geometry()

    def _float_or_dock(self) -> None:
        self.setFloating(not self.isFloating())
        if self.isFloating():
            # Exactly where it was docked, it could not be seen to float.
            self.move(self.pos() + QPoint(FLOAT_SHIFT, FLOAT_SHIFT))

"""The dialog that writes the picture of a view: of which one, as what, how large and where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from weakref import WeakKeyDictionary

from qtpy.QtCore import Qt
from qtpy.QtGui import QCursor
from qtpy.QtWidgets import (
    QApplication,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QWidget,
)

from phygui.curation.edits.update import EditError
from phygui.curation.session import Session
from phygui.gui.base.context import WindowContext
from phygui.gui.base.placing import well_placed
from phygui.gui.docks.view_dock import ViewDock
from phygui.views.core.export import export_image

FILTERS = {".png": "PNG (*.png)", ".svg": "SVG (*.svg)"}
SCALE = 2.0
LARGEST_SCALE = 8.0
_written_to: WeakKeyDictionary[Session, Path] = WeakKeyDictionary()
"""The folder that a picture was written to last, for each session."""


class PictureDialog(QFileDialog):
    """A file dialog with the view and the scale in it; both, and the format, show what they do.

    Parameters
    ----------
    window : WindowContext
    docks : sequence of ViewDock
        The views that can be chosen.
    dock : ViewDock
        The one chosen at first.
    """

    def __init__(self, window: WindowContext, docks: Sequence[ViewDock], dock: ViewDock) -> None:
        # Beside the dataset at first, as a picture of the window.
        folder = _written_to.get(window.session, window.session.path.parent)
        super().__init__(window, "Export a picture", str(folder))
        well_placed(self)
        self._window, self._docks = window, docks
        stored = window.settings.get("pictures", {})
        known = stored if isinstance(stored, dict) else {}
        suffix, scale = known.get("suffix"), known.get("scale")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        # Only Qt's own dialog has room for more than a name.
        self.setOption(QFileDialog.Option.DontUseNativeDialog)
        self.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        self.setNameFilters(list(FILTERS.values()))
        self.selectNameFilter(FILTERS.get(str(suffix), FILTERS[".png"]))

        self.view = QComboBox()
        self.view.addItems([d.windowTitle() for d in docks])
        self.view.setCurrentIndex(docks.index(dock))
        self.scale = QDoubleSpinBox()
        self.scale.setRange(0.5, LARGEST_SCALE)
        self.scale.setSingleStep(0.5)
        self.scale.setValue(scale if isinstance(scale, int | float) else SCALE)
        self.scale.setToolTip("Times the size on the screen; in SVG that of the data")
        self._pixels = QLabel()
        self._add_rows()
        self._name = self._name_edit()
        self._suggested = ""

        self.view.currentIndexChanged.connect(self._suggest)
        self.scale.valueChanged.connect(self._say_pixels)
        self.filterSelected.connect(self._put_suffix)
        self._name.textEdited.connect(self._follow_suffix)
        self.fileSelected.connect(self._write)
        self._suggest()

    def _add_rows(self) -> None:
        size, grid = QWidget(), self.layout()
        line = QHBoxLayout(size)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.scale)
        line.addWidget(self._pixels, 1)
        assert isinstance(grid, QGridLayout)
        for text, field in (("View:", self.view), ("Scale:", size)):
            row = grid.rowCount()
            grid.addWidget(QLabel(text), row, 0)
            grid.addWidget(field, row, 1)

    def _name_edit(self) -> QLineEdit:
        edit = self.findChild(QLineEdit, "fileNameEdit")
        assert isinstance(edit, QLineEdit)
        return edit

    @property
    def dock(self) -> ViewDock:
        """The dock whose view is chosen."""
        return self._docks[self.view.currentIndex()]

    @property
    def suffix(self) -> str:
        """The format chosen: what the name of the file is to end in."""
        chosen = self.selectedNameFilter()
        return next(suffix for suffix, text in FILTERS.items() if text == chosen)

    def _suggest(self) -> None:
        """Suggest a name for the chosen view, unless the user has written one."""
        stem = f"{self._window.session.path.stem}-{self.dock.objectName().replace(' ', '-')}"
        if _without_suffix(self._name.text()) == self._suggested:
            self._suggested = stem
            self._set_name(stem + self.suffix)
        self._say_pixels()

    def _say_pixels(self) -> None:
        width, height = (round(n * self.scale.value()) for n in self.dock.view.size)
        self._pixels.setText(f"{width} × {height} pixels")

    def _put_suffix(self) -> None:
        if self._name.text():
            self._set_name(_without_suffix(self._name.text()) + self.suffix)

    def _set_name(self, name: str) -> None:
        self._name.setText(name)
        # A file that is selected in the list would be taken in its place.
        files = self.findChild(QListView, "listView")
        assert isinstance(files, QListView)
        files.selectionModel().clearSelection()

    def _follow_suffix(self, text: str) -> None:
        """A format written by hand is the one chosen."""
        suffix = Path(text).suffix.lower()
        if suffix in FILTERS:
            self.selectNameFilter(FILTERS[suffix])

    def accept(self) -> None:
        """Complete the name before it is asked whether a file of that name may be replaced."""
        if not Path(self.selectedFiles()[0]).is_dir():
            self._put_suffix()
        super().accept()

    def _write(self, name: str) -> None:
        window, scale = self._window, self.scale.value()
        window.settings.set("pictures", {"suffix": self.suffix, "scale": scale})
        try:
            export_image(self.dock.view, name, scale)
        except (OSError, ValueError) as error:
            window.show_trouble(f"{name}: the picture could not be written", error)
        else:
            _written_to[window.session] = Path(name).parent
            window.say(f"wrote {name}")


def _without_suffix(name: str) -> str:
    """A name as far as it says no format: a point may stand for something else."""
    for suffix in FILTERS:
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name


def export_picture(
    window: WindowContext, docks: Iterable[ViewDock], dock: ViewDock | None = None
) -> None:
    """Ask for a file and write a picture of a view.

    Parameters
    ----------
    window : WindowContext
    docks : iterable of ViewDock
        All of the window; those on the screen can be chosen.
    dock : ViewDock, optional
        By default the one with the keyboard, or else under the mouse, or else the first.

    Raises
    ------
    EditError
        If no view is on the screen.
    """
    shown = [d for d in docks if d.is_on_screen]
    if not shown:
        raise EditError("no view is shown")
    PictureDialog(window, shown, dock if dock in shown else _in_use(window, shown)).open()


def _in_use(window: WindowContext, shown: Sequence[ViewDock]) -> ViewDock:
    at = QApplication.widgetAt(QCursor.pos())
    for widget in (QApplication.focusWidget(), window.focusWidget(), at):
        for dock in shown:
            if widget is not None and dock.isAncestorOf(widget):
                return dock
    return shown[0]

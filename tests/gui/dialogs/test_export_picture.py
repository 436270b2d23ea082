"""The dialog that exports the picture of a view: view, format, scale and name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import Qt, QTimer
from qtpy.QtGui import QImage
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QComboBox, QDialogButtonBox, QLineEdit, QMessageBox

from phygui.gui.dialogs.export_picture import LARGEST_SCALE, PictureDialog


class Export:
    """A user in front of the dialog."""

    def __init__(self, user: Any) -> None:
        [self.dialog] = user.window.findChildren(PictureDialog)
        self.name = self.dialog.findChild(QLineEdit, "fileNameEdit")
        self.format = self.dialog.findChild(QComboBox, "fileTypeCombo")

    def type_name(self, text: str) -> None:
        """Write another name over the suggested one."""
        self.name.selectAll()
        QTest.keyClicks(self.name, text)

    def choose_format(self, text: str) -> None:
        """Choose a format as the mouse does, without a list that opens."""
        index = next(i for i in range(self.format.count()) if text in self.format.itemText(i))
        self.format.setCurrentIndex(index)
        self.format.activated[str].emit(self.format.itemText(index))

    def save(self) -> None:
        """Press the Save button."""
        button = self.dialog.findChild(QDialogButtonBox).button(
            QDialogButtonBox.StandardButton.Save
        )
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)


@pytest.fixture
def export(
    open_window: Callable[..., Any],
    hybrid: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    qtbot: Any,
) -> Callable[..., tuple[Any, Export]]:
    """Open the dialog with the button of a view: ``export("features")`` -> user, dialog."""
    monkeypatch.chdir(tmp_path)
    opened: list[Any] = []

    def begin(name: str = "features") -> tuple[Any, Export]:
        if not opened:
            opened.append(open_window(hybrid))
        user = opened[0]
        qtbot.waitUntil(lambda: not user.window.findChildren(PictureDialog))
        QTest.mouseClick(
            user.window.view_docks[name].title_bar.buttons["export"], Qt.MouseButton.LeftButton
        )
        export = Export(user)
        export.dialog.setDirectory(str(tmp_path))
        return user, export

    return begin


def size_of(path: Path) -> tuple[int, int]:
    image = QImage(str(path))
    return image.width(), image.height()


def test_the_scale_is_chosen_and_with_the_format_remembered(export: Any, tmp_path: Path) -> None:
    user, dialog = export()
    width, height = user.view("features").size
    assert dialog.name.text() == "hybrid_10sec-features.png"
    dialog.dialog.scale.setValue(1.5)
    dialog.save()
    path = tmp_path / "hybrid_10sec-features.png"
    assert size_of(path) == (round(1.5 * width), round(1.5 * height))
    assert f"wrote {path}" == user.message

    _, dialog = export("waveforms")
    assert dialog.dialog.scale.value() == 1.5
    assert dialog.name.text() == "hybrid_10sec-waveforms.png"
    dialog.choose_format("SVG")
    dialog.save()
    _, dialog = export()
    assert dialog.name.text() == "hybrid_10sec-features.svg"
    dialog.dialog.reject()


def test_it_begins_beside_the_dataset_and_then_where_the_last_picture_is(
    open_window: Callable[..., Any], hybrid: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    user = open_window(hybrid)
    button = user.window.view_docks["features"].title_bar.buttons["export"]
    for folder in (hybrid.parent, elsewhere):
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        export = Export(user)
        assert Path(export.dialog.directory().absolutePath()) == folder
        export.type_name(str(elsewhere / f"{folder.name}.png"))
        export.save()
        assert (elsewhere / f"{folder.name}.png").exists()
        user.qtbot.waitUntil(lambda: not user.window.findChildren(PictureDialog))


def test_the_chosen_format_is_what_is_written(export: Any, tmp_path: Path) -> None:
    _, dialog = export()
    dialog.choose_format("SVG")
    assert dialog.name.text() == "hybrid_10sec-features.svg"
    dialog.save()
    assert (tmp_path / "hybrid_10sec-features.svg").read_text("utf-8").startswith("<svg")
    assert not (tmp_path / "hybrid_10sec-features.png").exists()

    # A name without a suffix, or with a point in it, gets that of the format.
    for typed, suffix in (("plain", ".svg"), ("cluster.12", ".svg"), ("other.jpg", ".svg")):
        _, dialog = export()
        dialog.type_name(typed)
        dialog.save()
        assert (tmp_path / (typed + suffix)).read_text("utf-8").startswith("<svg")
        assert not (tmp_path / typed).exists()

    # A format that is written is chosen.
    _, dialog = export()
    dialog.type_name("written.png")
    assert "PNG" in dialog.format.currentText()
    dialog.save()
    assert size_of(tmp_path / "written.png")[0] > 0


def test_a_file_is_replaced_only_when_that_is_wanted(export: Any, tmp_path: Path) -> None:
    path = tmp_path / "there.png"
    path.write_text("mine")
    asked = []

    def press_no() -> None:
        box = QApplication.activeModalWidget()
        if isinstance(box, QMessageBox):
            asked.append(box.text())
            box.button(QMessageBox.StandardButton.No).click()

    _, dialog = export()
    # Asked for is the name with its suffix.
    dialog.type_name("there")
    QTimer.singleShot(300, press_no)
    dialog.save()
    assert asked
    assert "there.png already exists" in asked[0]
    assert path.read_text() == "mine"
    dialog.dialog.reject()


def test_what_cannot_be_written_is_said(
    export: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, dialog = export()
    dialog.type_name(str(tmp_path / "absent" / "picture.png"))
    dialog.save()
    assert "picture.png: the picture could not be written" in user.message
    monkeypatch.setattr("vispy.gloo.gl.glGetParameter", lambda _: 100)
    _, dialog = export()
    dialog.dialog.scale.setValue(LARGEST_SCALE)
    dialog.save()
    assert "pixels are too many, at most 100 a side" in user.message


def test_the_action_exports_the_view_with_the_keyboard_or_another(
    export: Any, tmp_path: Path
) -> None:
    user, dialog = export()
    dialog.dialog.reject()
    user.qtbot.waitUntil(lambda: not user.window.findChildren(PictureDialog))
    native = user.view("correlograms").native
    QTest.mouseClick(native, Qt.MouseButton.LeftButton)
    QTest.keyClick(native, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    dialog = Export(user)
    assert dialog.dialog.view.currentText() == "Correlograms"
    assert dialog.name.text().startswith("hybrid_10sec-correlograms.")
    dialog.dialog.view.setCurrentText("Waveforms")
    assert dialog.name.text().startswith("hybrid_10sec-waveforms.")
    # A name of the user's stays.
    dialog.type_name("mine.png")
    dialog.dialog.view.setCurrentText("Features")
    assert dialog.name.text() == "mine.png"
    dialog.dialog.scale.setValue(1)
    dialog.dialog.setDirectory(str(tmp_path))
    dialog.save()
    assert size_of(tmp_path / "mine.png") == tuple(user.view("features").size)


def test_without_a_view_there_is_nothing_to_export(export: Any) -> None:
    user, dialog = export()
    dialog.dialog.reject()
    for dock in user.window.view_docks.values():
        dock.hide()
    user.window.actions_by_name["export_view"].trigger()
    assert user.message == "no view is shown"

"""What a curator expects of the window, worked out apart from it, and how lines are typed."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QCursor
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QCheckBox, QComboBox

from phygui.curation.edits.update import Selection
from phygui.curation.navigation.columns import SIMILARITY, Column, columns
from phygui.gui.actions.actions import BY_NAME
from phygui.gui.dialogs.view_settings import ParameterDialog
from phygui.views.core.export import render

CTRL, ALT, SHIFT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ShiftModifier,
)


SKIPPED = ("noise", "mua")


def find_column(name: str) -> Column:
    """The column of the tables that has a name."""
    return next(column for column in (*columns(), SIMILARITY) if column.name == name)


def queue(session: Any, *, skip: bool = True) -> list[int]:
    """The best queue: by decreasing quality, then by id."""
    groups = session.cluster_groups
    quality = session.knowledge.quality
    ordered = sorted(groups, key=lambda c: (-quality(c), c))
    return [c for c in ordered if not (skip and groups[c] in SKIPPED)]


def matches(session: Any, best: int) -> list[int]:
    """The match queue of a cluster: by decreasing similarity, computed pair by pair."""
    knowledge, groups = session.knowledge, session.cluster_groups
    mine = knowledge.stats[best].summary

    def similarity(other: int) -> float:
        summary = knowledge.stats[other].summary
        return float(knowledge.measures.similarity([mine], [summary])[0, 0])

    others = [c for c in groups if c != best and groups[c] not in SKIPPED]
    return sorted(others, key=lambda c: -similarity(c))


def with_first_match(session: Any, best: int) -> Selection:
    return Selection((best,), tuple(matches(session, best)[:1]))


def shown(user: Any) -> tuple[list[int], list[int]]:
    """Clusters selected in the rows of the two tables, as Qt has them."""

    def rows(table: Any) -> list[int]:
        chosen = [i.row() for i in table.view.selectionModel().selectedRows()]
        return sorted(table.model.cluster_ids[row] for row in chosen)

    return rows(user.window.cluster_table), rows(user.window.match_table)


def check(user: Any, expected: Selection) -> None:
    """The session, both tables and the status bar agree on what is selected."""
    assert user.session.selection == expected
    assert shown(user) == (sorted(expected.best), sorted(expected.match))
    words = user.window.status["selected"].text()
    assert all(str(c) in words for c in expected.clusters)


def type_line(user: Any, text: str, *, run: bool = True) -> None:
    """Write into what has the keyboard, key by key, and press Enter."""
    for character in text:
        QTest.keyClicks(QApplication.focusWidget(), character)
    if run:
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    user.settle()


def snippet(user: Any, text: str) -> None:
    """Press ``:`` and run a line."""
    QTest.keyClick(user.window.cluster_table.view, Qt.Key.Key_Colon)
    type_line(user, text)


def run(user: Any, name: str) -> None:
    """Do what an action says, as a key or a menu would."""
    user.window.run(BY_NAME[name])
    user.settle()


def click_row(user: Any, view: Any, row: int, column: int = 0) -> None:
    """Click a row of a table, as it is shown."""
    index = view.model().index(row, column)
    view.scrollTo(index)
    at = view.visualRect(index).center()
    user.qtbot.mouseClick(
        view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at
    )
    user.settle()


def answer(user: Any, text: str) -> None:
    """Press a button of the question that the window asks."""
    user.qtbot.waitUntil(lambda: user.window.saving.question is not None, timeout=10_000)
    box = user.window.saving.question
    button = next(b for b in box.buttons() if b.text().replace("&", "") == text)
    user.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    user.settle()


def show_large(user: Any, kind: str) -> Any:
    """Bring a view up by its name in the palette, and give it the whole window; the view."""
    dock = user.window.view_docks[kind]
    if not dock.is_on_screen:
        from_palette(user, f"show {dock.spec.title.lower()}")
    assert dock.is_on_screen
    QCursor.setPos(dock.mapToGlobal(dock.rect().center()))
    user.press(Qt.Key.Key_Z)
    assert user.window.layout_keeper.maximised == kind
    # Of many spikes a part is drawn at first.
    user.qtbot.waitUntil(lambda: not getattr(dock.view.data, "is_partial", False))
    user.settle()
    return dock.view


def show_all(user: Any) -> None:
    """Give the view that has the whole window its place again."""
    user.press(Qt.Key.Key_Z)
    assert not user.window.layout_keeper.maximised


def set_up(user: Any, kind: str, **wanted: Any) -> None:
    """Change settings of a view in its dialog, by mouse and keys."""
    dock = user.window.view_docks[kind]
    QTest.mouseClick(dock.title_bar.buttons["settings"], Qt.MouseButton.LeftButton)
    dialog = next(d for d in user.window.findChildren(ParameterDialog) if d.isVisible())
    # Else arrows are keys of the window.
    dialog.activateWindow()
    user.qtbot.waitUntil(dialog.isActiveWindow, timeout=5_000)
    for name, value in wanted.items():
        editor = dialog.editors[name]
        editor.setFocus()
        if isinstance(editor, QCheckBox):
            if editor.isChecked() != value:
                at = QPoint(8, editor.height() // 2)
                QTest.mouseClick(editor, Qt.MouseButton.LeftButton, pos=at)
        elif isinstance(editor, QComboBox):
            QTest.keyClick(editor, Qt.Key.Key_Home)
            for _ in range(editor.findText(value)):
                QTest.keyClick(editor, Qt.Key.Key_Down)
        else:
            editor.selectAll()
            QTest.keyClicks(editor, str(value))
        assert getattr(dock.view.params, name) == value
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    user.settle()


def picture(view: Any) -> Any:
    """What a view draws: (height, width, 3), in logical pixels from the upper left."""
    return render(view, 1.0)[..., :3].astype(int)


def other_theme(user: Any) -> None:
    """From the dark theme to the light one, or back, by its name in the palette."""
    from_palette(user, "light theme")


def from_palette(user: Any, name: str) -> None:
    """Do what the command palette has under a name."""
    user.press(Qt.Key.Key_P, CTRL)
    palette = user.window.palette_list
    QTest.keyClicks(palette.search, name)
    found = palette.proxy.index(palette.table.currentIndex().row(), 0).data()
    assert found.lower().startswith(name), found
    QTest.keyClick(palette.search, Qt.Key.Key_Return)
    user.settle()

"""What a curator expects of the window, worked out apart from it, and how lines are typed."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from phygui.curation.edits.update import Selection
from phygui.gui.actions.actions import BY_NAME

CTRL, ALT, SHIFT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ShiftModifier,
)


SKIPPED = ("noise", "mua")


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

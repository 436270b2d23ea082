"""The first steps notice what is done, and go on; the manual shows the pages and follows links."""

from __future__ import annotations

from typing import Any

import pytest
from qtpy.QtCore import QPoint, QRect, Qt, QUrl
from qtpy.QtGui import QCursor
from qtpy.QtWidgets import QApplication, QWidget

from phygui import Session
from phygui.curation import Selection
from phygui.gui.base.delays import DELAYS
from phygui.gui.dialogs.manual import Manual, manual_folder, pages, slug, title_of
from phygui.gui.window.guide import first_steps
from phygui.gui.window.guide.cards import CARDS
from phygui.gui.window.guide.first_steps import FirstSteps
from tests.gui.curator import ALT, CTRL, SHIFT


@pytest.fixture(autouse=True)
def _practising(monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo of the tests is the one of the first steps."""
    monkeypatch.setattr(first_steps, "is_practice", lambda path: True)


def on_window(widget: QWidget) -> QRect:
    """Where a widget lies on its window."""
    return QRect(widget.mapTo(widget.window(), QPoint(0, 0)), widget.size())


@pytest.mark.slow
def test_a_user_who_does_what_the_cards_say_comes_to_the_end(
    onlooker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DELAYS, "card_ms", 0)
    user = onlooker
    session, window = user.session, user.window
    user.press(Qt.Key.Key_F1, SHIFT)
    (card,) = window.findChildren(FirstSteps)
    assert window.rect().contains(card.geometry())
    # The keyboard stays with the window.
    assert not card.isAncestorOf(QApplication.focusWidget())
    assert "<b>Down</b>" in card.tasks.text()

    user.press(Qt.Key.Key_Down)
    assert "✓" in card.tasks.text()
    user.press(Qt.Key.Key_Space)
    assert card.title.text() == "Look"
    # What it speaks of is not beneath it.
    assert not card.geometry().intersects(on_window(window.view_docks["correlograms"]))
    assert not card.geometry().intersects(on_window(window.view_docks["features"]))
    user.press(Qt.Key.Key_M)
    features = window.view_docks["features"]
    QCursor.setPos(features.mapToGlobal(QPoint(40, 80)))
    user.press(Qt.Key.Key_Z)
    user.press(Qt.Key.Key_Z)
    user.press(Qt.Key.Key_G, ALT)
    assert card.title.text() == "Merge"
    assert len(session.selected) == 2
    user.press(Qt.Key.Key_G)
    assert card.title.text() == "Split"
    assert len(session.selected) == 1
    view = user.view("features")
    (x0, x1), (y0, y1) = view.cells[0].x.view, view.cells[0].y.view
    left, right = x0 + 0.01 * (x1 - x0), 0.5 * (x0 + x1)
    bottom, top = y0 + 0.02 * (y1 - y0), y1 - 0.02 * (y1 - y0)
    user.lasso(view, 0, [(left, bottom), (right, bottom), (right, top), (left, top)])
    user.press(Qt.Key.Key_K)
    assert card.title.text() == "Undo"
    assert session.history[-1].kind == "split"
    user.press(Qt.Key.Key_Z, CTRL)
    user.press(Qt.Key.Key_Y, CTRL)
    assert card.title.text() == "Save"
    user.press(Qt.Key.Key_S, CTRL)
    assert card.is_at_end
    assert [card.on.text(), card.where.text()] == ["Close", ""]
    user.qtbot.mouseClick(card.on, Qt.MouseButton.LeftButton)
    assert not card.isVisible()
    with Session.open(session.path, journal=False, read_only=True) as saved:
        assert set(saved.cluster_ids.tolist()) == set(session.cluster_ids.tolist())


def test_the_first_card_goes_on_to_the_cluster_that_turns_out_to_be_the_first(
    onlooker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, session = onlooker, onlooker.session
    # Something else is first while little is known.
    session.select([int(session.cluster_ids[-1])])
    first = session.wizard.end(Selection(), first=True)
    monkeypatch.setattr(session, "first_best", lambda: session.select([session.cluster_ids[0]]))
    user.window.commands.begin_first_steps()
    assert session.selection != first
    monkeypatch.undo()
    monkeypatch.setattr(first_steps, "is_practice", lambda path: True)
    user.window.first_choice.follow()
    assert session.selection == first
    # Once the user has gone on, it stays.
    user.press(Qt.Key.Key_Down)
    chosen = session.selection
    assert chosen != first
    user.window.first_choice.follow()
    assert session.selection == chosen


def test_each_card_names_actions_that_there_are_and_can_be_skipped(onlooker: Any) -> None:
    window = onlooker.window
    window.commands.begin_first_steps()
    card = window.findChild(FirstSteps)
    names = set(window.actions_by_name)
    for shown in CARDS:
        assert card.title.text() == shown.title
        named = {a.removeprefix("edit:") for task in shown.tasks for a in task.actions}
        assert named <= names
        assert "{" not in card.text.text() + card.tasks.text()
        card.on.click()
    # Begun again, it is one card, from the start.
    window.commands.begin_first_steps()
    (again,) = [c for c in window.findChildren(FirstSteps) if c.isVisible()]
    assert again.title.text() == "Walk"
    again.end.click()


@pytest.mark.slow
def test_the_manual_shows_every_page_follows_links_and_finds_words(onlooker: Any) -> None:
    user = onlooker
    user.press(Qt.Key.Key_F1, CTRL)
    manual = user.window.findChild(Manual)
    names = list(pages())
    assert manual.list.count() == len(names) > 10
    for row, path in enumerate(pages().values()):
        manual.list.setCurrentRow(row)
        text = manual.page.toPlainText()
        assert text.startswith(title_of(path.read_text("utf-8")))
        assert "<!--" not in text
    # Titles and pictures have their room, also in a narrower window.
    for width in (1080, 820):
        manual.list.setCurrentRow(0)
        manual.resize(width, 700)
        user.qtbot.waitUntil(lambda: manual.page.horizontalScrollBar().maximum() == 0)
        assert manual.list.viewport().width() >= manual.list.sizeHintForColumn(0) or width < 1000
    # A link leads to a heading of a page, and back.
    manual.list.setCurrentRow(0)
    manual._follow(QUrl("views.md#traces"))
    assert manual.windowTitle() == "Manual: Views"
    assert manual.page.verticalScrollBar().value() > 0
    manual.back.click()
    assert manual.list.currentRow() == 0
    user.qtbot.keyClicks(manual.search, "protanopia")
    user.qtbot.keyClick(manual.search, Qt.Key.Key_Return)
    assert names[manual.list.currentRow()] == "views"
    assert manual.page.textCursor().selectedText() == "protanopia"
    manual.search.setText("no such word")
    manual.find_next()
    assert manual.note.text() == "nothing matches"
    manual.reject()


def test_headings_are_called_as_links_call_them() -> None:
    folder = manual_folder()
    assert folder is not None
    assert slug("Groups, colours and notes of your own") == "groups-colours-and-notes-of-your-own"

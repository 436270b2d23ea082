"""What a part of a window knows of it: what cannot be done is said, and taken back."""

from __future__ import annotations

import pytest
from qtpy.QtWidgets import QApplication, QLabel

from phygui.curation.edits.update import EditError
from phygui.gui.base.context import WindowContext


class Context(WindowContext):
    """A window with nothing but a line to say things."""

    def __init__(self) -> None:
        super().__init__()
        self.status = {"edit": QLabel()}
        self.n_updates = 0

    @property
    def said(self) -> str:
        return self.status["edit"].text()

    def show_dock(self, name: str) -> None:
        pass

    def update_state(self) -> None:
        self.n_updates += 1

    @property
    def views_are_busy(self) -> bool:
        return False


@pytest.fixture
def context(qapp: QApplication) -> Context:
    return Context()


def refuse() -> None:
    raise EditError("there is nothing to merge")


def test_a_window_that_lacks_what_its_parts_ask_of_it_is_never_made(qapp: QApplication) -> None:
    class Incomplete(WindowContext):
        """It has no dock to show, and no state."""

    with pytest.raises(TypeError, match="show_dock"):
        Incomplete()  # type: ignore[abstract]


def test_what_cannot_be_done_is_said_until_something_can(context: Context) -> None:
    context.attempt(refuse)
    assert context.said == "there is nothing to merge"
    assert context.status["edit"].property("wrong") == "true"
    context.attempt(lambda: None)
    assert context.said == ""
    assert context.n_updates == 2


def test_a_part_that_cannot_be_done_is_not_forgotten_with_the_whole(context: Context) -> None:
    context.attempt(lambda: context.attempt(refuse))
    assert context.said == "there is nothing to merge"


def test_a_sentence_is_taken_back_only_while_it_stands(context: Context) -> None:
    context.say("searching")
    context.say("saved")
    context.unsay("searching")
    assert context.said == "saved"
    context.unsay("saved")
    assert context.said == ""


def test_a_failure_that_nobody_expected_names_itself(context: Context) -> None:
    context.fail(ZeroDivisionError("division by zero"))
    assert context.said == "Something failed: division by zero"
    context.fail(EditError("no such cluster"))
    assert context.said == "no such cluster"

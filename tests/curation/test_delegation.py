"""The public names of a session are those of its parts, with their help."""

from __future__ import annotations

import inspect

import pytest

from phygui.curation.edits.session_edits import SessionEdits
from phygui.curation.session import Session
from phygui.curation.workspace import Workspace

PUBLIC = [name for name in vars(Session) if not name.startswith("_")]


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_says_what_it_is(name):
    assert inspect.getdoc(inspect.getattr_static(Session, name))


def test_a_method_has_the_arguments_of_the_parts():
    assert inspect.signature(Session.move) == inspect.signature(SessionEdits.move)
    assert Session.move.__doc__ == SessionEdits.move.__doc__
    # Types are found by whoever reads them from the function, as a documentation does.
    path = inspect.getattr_static(Session, "path")
    assert path.fget.__annotations__ == Workspace.path.fget.__annotations__


def test_a_part_that_is_replaced_is_asked(session, monkeypatch):
    asked = []
    monkeypatch.setattr(session.edits, "move", lambda *of: asked.append(of))
    session.move([6], "good")
    assert asked == [([6], "good")]


def test_values_are_not_to_be_set(session):
    with pytest.raises(AttributeError):
        session.generation = 3

"""Groups of the user: their letters, what is refused, and what is remembered."""

from __future__ import annotations

import pytest

from phygui.gui.actions.actions import BY_NAME
from phygui.gui.actions.keys import KeyConflict, Keys
from phygui.gui.actions.own_groups import OwnGroup, OwnGroups
from phygui.gui.base.settings import Settings


@pytest.mark.parametrize(
    ("name", "letter", "reason"),
    [
        ("Good", "", "one of the four"),
        ("fast", "F", "opens the menu File"),
        ("pyramidal", "P", "is the key of 'Command palette'"),
        ("odd", "é", "one letter or digit"),
        ("odd", "", ""),
        ("odd", "7", ""),
    ],
)
def test_letters_that_something_else_has_are_refused(
    settings: Settings, name: str, letter: str, reason: str
) -> None:
    groups = OwnGroups.of(settings)
    if reason:
        with pytest.raises(KeyConflict, match=reason):
            groups.put(OwnGroup(name, letter))
        assert not groups.among([])
    else:
        groups.put(OwnGroup(name, letter))
        assert [action.keys for action in groups[name].actions()] == (
            [(f"Alt+{letter}",), (f"Ctrl+{letter}",), (f"Ctrl+Alt+{letter}",)]
            if letter
            else [(), (), ()]
        )


def test_a_group_is_remembered_and_its_keys_are_taken(settings: Settings) -> None:
    OwnGroups.of(settings).put(OwnGroup("Interneuron", "I", "#d06090"))
    keys = Keys(settings)
    again = OwnGroups(settings, keys)
    assert again["interneuron"] == OwnGroup("Interneuron", "I", "#d06090")
    with pytest.raises(KeyConflict, match="Move match to Interneuron"):
        keys.bind(BY_NAME["merge"], ["Ctrl+I"])
    with pytest.raises(KeyConflict, match="Move best to Interneuron"):
        again.put(OwnGroup("other", "I"))
    assert again.free_letter("interneuron") == "I"
    assert again.free_letter("iii") == "1"
    # Those of a dataset come first, as it calls them.
    again.put(OwnGroup("axon"))
    assert [g.name for g in again.among(["noise", "axon", "MUA"])] == ["axon", "Interneuron"]


def test_settings_that_make_no_sense_are_left_out(settings: Settings) -> None:
    settings.set("groups", {"a": 3, "b": {"key": "XYZ", "color": 5}})
    assert OwnGroups.of(settings)["b"] == OwnGroup("b", "X")
    settings.set("groups", [1])
    assert not OwnGroups(settings, Keys(settings)).among([])

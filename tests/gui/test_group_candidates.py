"""The dock of group candidates and the dialog of their rules, driven by keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDialogButtonBox

from phygui import Session
from phygui.curation.suggestions.grouping.group_rules import DEFAULTS, Rule
from phygui.gui.base.settings import Settings
from phygui.gui.dialogs.group_rules import GroupRulesDialog
from phygui.gui.window.main_window import MainWindow
from tests.gui.curator import ALT, SHIFT, run


def listed(user: Any) -> dict[int, str]:
    return {c.cluster_id: c.group for c in user.window.candidates.suggestions}


def known(path: Path) -> dict[int, str]:
    """The clusters of the demo that are artefacts, and of many units."""
    with np.load(path.with_suffix(".ground_truth.npz")) as truth:
        return {int(truth[f"{group}_0"]): group for group in ("noise", "mua")}


@pytest.fixture
def rules(demo: Path, settings: Settings) -> dict[int, str]:
    """Rules in the user's settings that find both, which are known."""
    found = known(demo)
    rules = [[group, f"id == {cluster}"] for cluster, group in found.items()]
    settings.set("group_rules", rules)
    return found


def test_candidates_by_keys(
    demo: Path, open_window: Callable, rules: dict[int, str], settings: Settings
) -> None:
    noise, mua = rules
    user = open_window(demo)
    session, dock = user.session, user.window.candidates
    assert not dock.is_on_screen
    user.window.show_dock("candidates")
    user.settle()
    assert dock.evidence.text().startswith("go to a candidate (Alt+Down)")
    user.press(Qt.Key.Key_Down, ALT)
    assert dock.is_on_screen
    assert listed(user) == rules
    # Going to one selects it, and moves nothing.
    assert session.selected == [noise]
    assert dock.current == (noise,)
    assert dock.evidence.text() == f"cluster id {noise} is {noise}"
    user.press(Qt.Key.Key_Down, ALT)
    assert session.selected == [mua]
    user.press(Qt.Key.Key_Up, ALT)
    assert session.selected == [noise]
    assert not session.is_modified

    # Accepted: one edit, and on to the next.
    user.press(Qt.Key.Key_Return, ALT)
    assert session.group_of(noise) == "noise"
    assert len(session.history) == 1
    assert session.selected == [mua]
    assert listed(user) == {mua: "mua"}
    user.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert session.group_of(noise) == "unsorted"
    assert listed(user) == rules

    # All of a group from the menu, all of all by a key: one edit each.
    run(user, "accept_mua")
    assert (session.group_of(noise), session.group_of(mua)) == ("unsorted", "mua")
    user.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    user.press(Qt.Key.Key_Return, ALT | SHIFT)
    assert (session.group_of(noise), session.group_of(mua)) == ("noise", "mua")
    assert session.history_position == 1
    assert listed(user) == {}
    # An empty list says that it is.
    assert dock.evidence.isVisible()
    assert dock.evidence.text() == "no cluster is a candidate for a group"
    run(user, "accept_noise")
    assert user.message == "no cluster is a candidate for Noise"
    user.press(Qt.Key.Key_Down, ALT)
    assert user.message == "no cluster is a candidate for a group"

    # It survives save and reopening.
    user.press(Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    user.window.close()
    with Session.open(demo, read_only=True) as again:
        assert (again.group_of(noise), again.group_of(mua)) == ("noise", "mua")


def test_a_rejection_by_key_is_kept(
    demo: Path, open_window: Callable, rules: dict[int, str]
) -> None:
    noise, mua = rules
    user = open_window(demo)
    dock = user.window.candidates
    user.press(Qt.Key.Key_Down, ALT)
    user.press(Qt.Key.Key_Backspace, ALT)
    assert listed(user) == {mua: "mua"}
    assert user.session.selected == [mua]
    assert user.message == f"rejected: a group for {noise}"
    assert not user.session.is_modified
    dock.rejected.setChecked(True)
    assert listed(user) == rules
    user.window.close()
    user = open_window(demo)
    dock = user.window.candidates
    user.press(Qt.Key.Key_Down, ALT)
    assert listed(user) == {mua: "mua"}
    # It can be taken back.
    dock.rejected.setChecked(True)
    user.press(Qt.Key.Key_Up, ALT)
    assert dock.current == (noise,)
    assert dock.reject_button.text() == "Suggest again"
    user.press(Qt.Key.Key_Backspace, ALT)
    dock.rejected.setChecked(False)
    assert listed(user) == rules


@pytest.mark.slow
def test_a_cluster_decided_otherwise_is_no_candidate_any_more(
    demo: Path, open_window: Callable, rules: dict[int, str]
) -> None:
    noise, mua = rules
    user = open_window(demo)
    user.press(Qt.Key.Key_Down, ALT)
    user.press(Qt.Key.Key_G, ALT)
    assert user.session.group_of(noise) == "good"
    assert listed(user) == {mua: "mua"}
    assert user.window.candidates.current is None
    user.press(Qt.Key.Key_Return, ALT)
    assert "no group candidate is chosen" in user.message
    assert user.session.group_of(noise) == "good"
    # What is not seen is not accepted: the first press goes back to it.
    user.press(Qt.Key.Key_Down, ALT)
    user.press(Qt.Key.Key_Home)
    assert user.session.selected[0] != mua
    user.press(Qt.Key.Key_Return, ALT)
    assert user.session.selected == [mua]
    assert user.session.group_of(mua) == "unsorted"
    user.press(Qt.Key.Key_Return, ALT)
    assert user.session.group_of(mua) == "mua"


def dialog_of(user: Any) -> GroupRulesDialog:
    run(user, "group_rules")
    [dialog] = user.window.findChildren(GroupRulesDialog)
    return dialog


def write(user: Any, line: Any, text: str) -> None:
    """Type an expression over what is there."""
    line.expression.selectAll()
    user.qtbot.keyClicks(line.expression, text)


@pytest.mark.slow
def test_rules_are_changed_in_a_dialog_and_kept_per_user(
    demo: Path, open_window: Callable, settings: Settings
) -> None:
    found = known(demo)
    user = open_window(demo)
    run(user, "candidates")
    assert user.session.suggestions.groups.rules == DEFAULTS
    assert set(listed(user)) <= set(found)
    dialog = dialog_of(user)
    ok = dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)
    assert dialog.rules == DEFAULTS
    assert dialog.message.text() == "these are the defaults"
    for line in list(dialog.lines)[1:]:
        line.remove.click()
    [line] = dialog.lines
    # What is written is checked as it is typed.
    write(user, line, "snrr < 1")
    assert dialog.message.text() == "rule 1: no column snrr; did you mean snr?"
    assert not ok.isEnabled()
    write(user, line, "n_spikes > 0")
    assert ok.isEnabled()
    dialog.add_button.click()
    assert dialog.message.text() == "rule 2: a rule needs an expression, such as snr < 1"
    dialog.lines[1].remove.click()
    line.group.setCurrentText("MUA")
    ok.click()
    user.settle()
    # It holds at once.
    assert set(listed(user).values()) == {"mua"}
    assert len(listed(user)) == user.session.n_clusters
    assert settings.get("group_rules") == [["mua", "n_spikes > 0"]]
    other = MainWindow(Session.open(demo, read_only=True), settings)
    assert other.session.suggestions.groups.rules == (Rule("mua", "n_spikes > 0"),)
    other.dispose()
    other.deleteLater()
    # The defaults can be had again; what is cancelled changes nothing.
    dialog = dialog_of(user)
    dialog.restore_button.click()
    assert dialog.rules == DEFAULTS
    dialog.buttons.button(QDialogButtonBox.StandardButton.Cancel).click()
    assert settings.get("group_rules") is not None
    dialog = dialog_of(user)
    dialog.restore_button.click()
    dialog.buttons.button(QDialogButtonBox.StandardButton.Ok).click()
    user.settle()
    assert settings.get("group_rules") is None
    assert set(listed(user)) <= set(found)


def test_a_rule_for_another_dataset_is_kept(
    demo: Path, open_window: Callable, settings: Settings
) -> None:
    settings.set("group_rules", [["noise", "spike_quality < 3"], ["mua", "n_spikes > 0"]])
    user = open_window(demo)
    run(user, "candidates")
    assert len(listed(user)) == user.session.n_clusters
    assert user.window.candidates.note.text().endswith("1 rule not used")
    dialog = dialog_of(user)
    assert "kept for other datasets" in dialog.message.text()
    assert dialog.buttons.button(QDialogButtonBox.StandardButton.Ok).isEnabled()
    dialog.accept()
    assert settings.get("group_rules")[0] == ["noise", "spike_quality < 3"]

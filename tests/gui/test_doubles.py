"""Spikes that a sorter detected twice, set aside by keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import Qt

from phygui.analysis import merge_score
from phygui.curation.suggestions.merging.listed import Suggestion
from phygui.curation.suggestions.merging.merges import Found
from phygui.curation.suggestions.merging.pair_evidence import in_order
from tests.copies import detect_twice, detected_twice

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def test_a_suggestion_sets_them_aside(
    small: Path, open_window: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = detect_twice(small)
    user = open_window(small)
    session, dock = user.session, user.window.suggestions
    expected = detected_twice(session, *pair)

    def ranked(*_: Any, **__: Any) -> list[Suggestion]:
        if any(c not in session.spikes_per_cluster for c in pair):
            return []
        evidence = merge_score(0.5, 0.8, 0.9, n_doubles=len(expected))
        return [Suggestion(pair, evidence)]

    monkeypatch.setattr(session.suggestions, "ranked", ranked)
    user.press(Qt.Key.Key_Down, CTRL)
    assert dock.current == pair
    assert f"{len(expected)} spikes were detected twice" in dock.evidence.text()
    n_both = sum(len(session.spikes_per_cluster[c]) for c in pair)
    assert dock.figure.preview.n_spikes[2] == n_both - len(expected)
    told = dock.figure.preview.metrics[2]["violation_rate"].value
    user.press(Qt.Key.Key_Return, CTRL)
    new, aside = session.history[-1].added
    assert session.spikes_per_cluster[aside].tolist() == expected
    assert session.group_of(aside) == "noise"
    assert session.metrics[new]["violation_rate"].value == told
    assert f"{len(expected)} spikes detected twice set aside in {aside}" in user.message
    user.press(Qt.Key.Key_Z, CTRL)
    assert set(pair) <= set(session.spikes_per_cluster)
    assert aside not in session.spikes_per_cluster


def test_a_key_sets_those_of_a_cluster_aside(small: Path, open_window: Callable) -> None:
    pair = detect_twice(small)
    user = open_window(small)
    session = user.session
    user.select(*pair)
    user.press(Qt.Key.Key_G)
    new = session.history[-1].added[0]
    expected = detected_twice(session, new)
    user.select(new)
    user.press(Qt.Key.Key_K, CTRL | SHIFT)
    kept, aside = session.history[-1].added
    assert session.selected == [kept, aside]
    assert session.spikes_per_cluster[aside].tolist() == expected
    assert session.group_of(aside) == "noise"
    user.select(kept)
    user.press(Qt.Key.Key_K, CTRL | SHIFT)
    assert user.message == f"no spike of cluster {kept} was detected twice"
    assert len(session.history) == 2


def test_a_merge_by_key_tells_of_them(small: Path, open_window: Callable) -> None:
    pair = in_order(*detect_twice(small))
    user = open_window(small)
    session = user.session
    active = session.suggestions.active
    evidence = merge_score(0.5, 0.8, 0.9, n_doubles=1234)
    session.suggestions.add(Found(active, {}, {pair: evidence}, active._basis))
    assert session.suggestions.n_doubles(session.cluster_ids) == 1234
    assert session.suggestions.n_doubles(pair[:1]) == 0
    user.select(*pair)
    user.press(Qt.Key.Key_G)
    told = ", 1,234 spikes of it detected twice: Edit > Set doubles aside"
    assert user.message == session.history[-1].description + told
    user.press(Qt.Key.Key_Z, CTRL)
    assert user.message == f"undid: {session.history[-1].description}"
    others = [c for c in session.cluster_ids if c not in pair][:2]
    user.select(*others)
    user.press(Qt.Key.Key_G)
    assert user.message == session.history[-1].description

"""From spike to spike: where the traces go, what the other views mark, and what is said."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

from phygui.curation.edits.update import EditError
from phygui.gui.window.walking import walk

ALT, SHIFT = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ShiftModifier


def times(user: Any, cluster: int) -> Any:
    """Seconds of the spikes of a cluster."""
    session = user.session
    samples = session.model.spike_samples[session.spikes_per_cluster[cluster]]
    return samples.astype(np.int64) / session.model.sample_rate


def test_a_spike_that_is_gone_to_is_marked_and_named(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    user.press(Qt.Key.Key_Home)
    user.window.commands.trace_to(0.0)
    user.settle()
    cluster = user.session.selected[0]
    user.select(cluster)
    for k in range(2):
        user.press(Qt.Key.Key_Right, ALT)
        at = times(user, cluster)[k]
        assert user.view("traces").cursor == pytest.approx(at)
        assert user.view("features").cursor == pytest.approx(at)
        spike = user.session.spikes_per_cluster[cluster][k]
        assert user.message == f"spike {spike} of cluster {cluster} at {at:.4f} s"
    # A view that is made later marks it too.
    user.window.show_dock("rates")
    user.settle()
    assert user.view("rates").cursor == pytest.approx(at)


def test_a_violation_is_named_with_its_interval(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    intervals = {c: np.diff(times(user, c)) for c in user.session.cluster_ids.tolist()}
    cluster = min(intervals, key=lambda c: intervals[c].min())
    short = np.flatnonzero(intervals[cluster] < 0.002)
    assert len(short)
    user.select(cluster)
    user.window.commands.trace_to(0.0)
    user.settle()
    traces = user.view("traces")
    assert traces.params.duration > 0.2
    user.press(Qt.Key.Key_V)
    # So near that the two spikes can be told apart.
    start, stop = traces.data.interval
    assert stop - start == pytest.approx(traces.params.violation_ms / 1000)
    assert start < times(user, cluster)[short[0]] < stop
    spike = user.session.spikes_per_cluster[cluster][short[0] + 1]
    found = re.fullmatch(r"spike (\d+) of .*, (\S+) ms after the one before", user.message)
    assert found
    assert int(found[1]) == spike
    assert float(found[2]) == pytest.approx(1000 * intervals[cluster][short[0]], abs=0.006)


def test_traces_that_are_not_seen_do_not_walk(demo: Path, open_window: Callable[..., Any]) -> None:
    user = open_window(demo)
    user.press(Qt.Key.Key_Home)
    user.window.docks["traces"].hide()
    # They still hold the spikes of what was selected when they were seen.
    user.press(Qt.Key.Key_Down)
    before = user.view("traces").params.time
    user.press(Qt.Key.Key_Right, ALT)
    assert user.message == "no traces are shown"
    assert user.view("traces").params.time == before


def test_where_there_is_no_spike_to_go_to_it_is_said(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    user.press(Qt.Key.Key_Home)
    user.window.commands.trace_to(0.0)
    user.settle()
    user.press(Qt.Key.Key_Right, ALT)
    assert user.message.startswith("spike ")
    user.window.commands.trace_to(user.session.model.duration)
    user.settle()
    user.press(Qt.Key.Key_Right, ALT)
    assert user.message == "there is no next spike of the selected clusters"
    user.press(Qt.Key.Key_Right, ALT | SHIFT)
    assert user.message == "there is no next refractory violation of the selected clusters"
    user.session.select([])
    user.press(Qt.Key.Key_Right, ALT)
    assert user.message == "no cluster is selected"
    # Who goes on with something else has read it.
    user.press(Qt.Key.Key_O)
    assert user.message == ""


def test_what_a_part_of_the_work_could_not_do_is_said_each_time(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    window = open_window(demo).window

    def part() -> None:
        raise EditError("not that")

    for _ in range(3):
        window.attempt(lambda: window.attempt(part))
        assert window.status["edit"].text() == "not that"
    window.attempt(lambda: None)
    assert window.status["edit"].text() == ""


@pytest.mark.parametrize(("step", "expected"), [("next_event", 3.0), ("previous_event", 1.0)])
def test_events_are_looked_for_from_the_traces_that_are_seen(step: str, expected: float) -> None:
    def dock(time: float, on_screen: bool) -> Any:
        view = SimpleNamespace(data="traces", params=SimpleNamespace(time=time))
        return SimpleNamespace(kind="traces", is_on_screen=on_screen, is_made=True, view=view)

    docks = {"traces": dock(8.0, on_screen=False), "traces 2": dock(2.0, on_screen=True)}
    events = {"pulse": np.array([1.0, 3.0, 7.0, 9.0])}
    shank, gone = SimpleNamespace(events=events), []
    window: Any = SimpleNamespace(
        view_docks=docks,
        views=lambda kind: (dock.view for dock in docks.values()),
        session=SimpleNamespace(shown=SimpleNamespace(time_range=None, shank=shank)),
        linking=SimpleNamespace(go_to=gone.append),
        say=lambda text: None,
    )
    walk(window, step)
    assert gone == [expected]


def test_a_selected_cluster_without_a_spike_in_view_is_named_or_followed(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    traces, first = user.view("traces"), {c: times(user, c)[0] for c in user.session.cluster_ids}
    cluster = max(first, key=first.__getitem__)
    traces.change_params(duration=0.01)
    user.window.commands.trace_to(0.0)
    user.select(cluster)
    written = {label.text for label in traces.all_labels}
    assert any(text.startswith(f"no spike of {cluster} in view") for text in written)
    assert traces.params.time < first[cluster]
    user.press(Qt.Key.Key_F, SHIFT)
    assert user.window.actions_by_name["follow"].isChecked()
    user.press(Qt.Key.Key_Home)
    user.select(cluster)
    start, stop = traces.data.interval
    assert ((times(user, cluster) >= start) & (times(user, cluster) < stop)).any()
    user.press(Qt.Key.Key_F, SHIFT)
    assert not traces.params.follow

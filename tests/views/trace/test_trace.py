"""The trace view on the screen: what is painted, and what mouse and keys do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

from phygui.curation.session import Session
from phygui.errors import DatasetWarning
from phygui.views.core.base import Empty
from phygui.views.core.colors import theme
from phygui.views.core.visuals import text_width
from phygui.views.trace.data import OTHER, TraceParams, load
from phygui.views.trace.overlay import round_below
from phygui.views.trace.view import TraceView

SIZE = (700, 400)
X_OF_CHANNELS = np.repeat([0.0, 20.0], 16)
"""Of the small dataset, two columns of 16."""


def never() -> bool:
    return False


@pytest.fixture
def session(small):
    with Session.open(small, read_only=True) as opened:
        by_size = sorted(
            opened.spikes_per_cluster, key=lambda c: -len(opened.spikes_per_cluster[c])
        )
        opened.select(by_size[:2])
        yield opened


@pytest.fixture
def reload(session):
    """Do what the window does when a view asks for data."""

    def do(view: TraceView) -> TraceView:
        view.set_data(load(session.snapshot(), view.params, never))
        return view

    return do


@pytest.fixture
def view(shown, reload) -> TraceView:
    view = reload(TraceView(TraceParams(time=1.0, duration=0.2)))
    return shown(view, size=SIZE)


def is_color(image: np.ndarray, index: int, name: str = "dark") -> np.ndarray:
    color = theme(name).clusters[index][:3].astype(int)
    return np.abs(image - color).max(axis=2) < 40


def middle_of(view: TraceView) -> tuple[float, float]:
    left, top, width, height = view.layout.boxes[0]
    return left + width / 2, top + height / 2


def texts(view: Any) -> list[str]:
    return [label.text for label in view.all_labels]


# -- the picture -------------------------------------------------------------------------------


def test_axes_and_scale_bar(view, picture):
    picture(view)
    written = texts(view)
    assert "time (s)" in written
    assert "channel" in written
    assert {"0.92", "1.00", "1.08"} <= set(written)
    assert set(view.data.channel_labels) & set(written)
    assert any(text.endswith(("µV", "mV")) for text in written)


@pytest.mark.parametrize("height", [160, 230, 300, 430, 800])
def test_rows_of_every_column_of_the_probe_are_named(shown, reload, height):
    view = shown(reload(TraceView(TraceParams(time=1.0))), size=(500, height))
    data = view.data
    positions = dict(zip(data.channel_labels, X_OF_CHANNELS[data.channels], strict=True))
    axis = [label for label in view.all_labels if label.align == ("right", "center")]
    named = [label.text for label in axis if label.text in positions]
    assert len(named) >= height / 40
    columns = [positions[name] for name in named]
    for x in set(positions.values()):
        assert columns.count(x) >= len(named) // 2 - 1
    # The name of the axis does not take the place of the highest row.
    pitch = view.layout.boxes[0][3] / (len(data.channels) + 1)
    assert named[0] == data.channel_labels[0] or pitch < 6
    by_index = shown(reload(TraceView(TraceParams(time=1.0, order="index"))), size=(500, height))
    assert by_index.data.n_columns == 1


@pytest.mark.parametrize("name", ["dark", "light"])
def test_spikes_are_painted_at_their_time_on_their_rows(view, picture, name):
    view.set_theme(name)
    image = picture(view)
    data = view.data
    found = 0
    for index in range(2):
        painted = is_color(image, index, name)
        for k in np.flatnonzero(data.spike_colors == index):
            row = int(np.flatnonzero(data.spike_rows[k])[0])
            x, y = view.to_pixels(0, data.spike_times[k] - data.interval[0], -row)
            if not 0.95 < data.spike_times[k] < 1.05:
                continue
            around = painted[int(y) - 25 : int(y) + 25, int(x) - 4 : int(x) + 5]
            assert around.any(), f"spike {data.spike_ids[k]} at {x:.0f}, {y:.0f}"
            found += 1
    assert found >= 2


def test_nothing_is_coloured_without_a_selection(session, shown, reload, picture):
    session.select([])
    view = shown(reload(TraceView(TraceParams(time=1.0))), size=SIZE)
    image = picture(view).astype(int)
    left, top, width, height = view.layout.boxes[0].astype(int)
    inside = image[top + 5 : top + height - 5, left + 5 : left + width - 5]
    assert (inside.max(axis=2) - inside.min(axis=2)).max() < 20
    assert inside.max() > 80, "the traces are there"


def test_the_traces_follow_the_signal(shown, reload, picture):
    """The highest and the lowest point of a row are where the signal has them."""
    view = shown(reload(TraceView(TraceParams(time=1.0, duration=0.01, spikes="none"))), size=SIZE)
    view.data_scale = 0.5
    data = view.data
    row = 5
    picture(view)
    values = data.envelope.values[row]
    point = int(np.argmin(values))
    x, y = view.to_pixels(
        0,
        data.envelope.samples[point] / data.sample_rate - data.interval[0],
        -row + values[point] / (10 * data.noise) * view.data_scale,
    )
    image = picture(view)
    background = theme("dark").roles["background"][:3]
    spot = image[round(y) - 2 : round(y) + 3, round(x) - 2 : round(x) + 3]
    assert np.abs(spot - background).max() > 25


def test_recording_boundaries_and_events_are_named(copy_dataset, shown, picture):
    path = copy_dataset("spikedetekt2_4sec")
    with pytest.warns(DatasetWarning, match="spikedetekt2_4sec"):
        session = Session.open(path, read_only=True)
    with session:
        params = TraceParams(time=2.0, duration=1.0)
        view = shown(TraceView(params), load(session.snapshot(), params, never), SIZE)
        picture(view)
        assert "recording 1" in texts(view)
        assert "stimulus" in texts(view)
        kinds = {kind for _, kind, _ in view.data.marks}
        assert kinds == {"recording", "event"}


@pytest.mark.parametrize("name", ["dark", "light"])
def test_events_stand_out_from_an_image(copy_dataset, shown, picture, name):
    path = copy_dataset("spikedetekt2_4sec")
    with pytest.warns(DatasetWarning, match="spikedetekt2_4sec"):
        session = Session.open(path, read_only=True)
    with session:
        params = TraceParams(time=2.0, duration=4.0, mode="image", spikes="none")
        view = TraceView(params, theme=name)
        view = shown(view, load(session.snapshot(), params, never), SIZE)
        image = picture(view)
        roles = theme(name).roles
        _, top, _, height = view.layout.boxes[0].astype(int)
        events = [time for time, kind, _ in view.data.marks if kind == "event"]
        assert events
        for time in events:
            x = round(view.to_pixels(0, time - view.data.interval[0], 0)[0])
            row = image[top + 20 : top + height - 40, x - 3 : x + 3]
            for role in ("foreground", "background"):
                is_there = np.abs(row - roles[role][:3]).max(axis=2) < 30
                assert is_there.any(axis=1).all(), role
    assert view._marks.size == 2
    view.change_params(mode="lines")
    assert view._marks.size == 1
    # Also where a small part of a row is seen.
    view.cells[0].y.view = (-3.05, -3.0)
    view.refresh()
    shown_marks = picture(view)
    x = [round(view.to_pixels(0, time - view.data.interval[0], 0)[0]) for time in events]
    view._marks.visible = False
    apart = np.abs(picture(view) - shown_marks).max(axis=2)[top + 20 : top + height - 40]
    for at in x:
        assert (apart[:, at - 3 : at + 3].max(axis=1) > 30).all()
    assert not view._casings.n_vertices


@pytest.mark.parametrize("mode", ["lines", "image"])
def test_very_many_events_are_no_wall_before_the_signal(session, shown, picture, mode):
    params = TraceParams(time=1.0, duration=2.0, mode=mode)
    data = load(session.snapshot(), params, never)
    start, stop = data.interval
    marks = tuple((float(t), "event", "frame") for t in np.linspace(start, stop, 1500))
    bare = picture(shown(TraceView(params), replace(data, marks=()), SIZE)).astype(int)
    view = shown(TraceView(params), replace(data, marks=marks), SIZE)
    apart = np.abs(picture(view) - bare).max(axis=2)
    left, top, width, height = view.layout.boxes[0].astype(int)
    inside = apart[top + 30 : top + height - 40, left + 2 : left + width - 2]
    assert 0 < inside.mean() < 30
    # A few remain as they are.
    view = shown(TraceView(params), replace(data, marks=marks[::100]), SIZE)
    apart = np.abs(picture(view) - bare).max(axis=2)[top + 30 : top + height - 40]
    assert ((apart > 40).mean(axis=0) > 0.2).sum() >= 14


@pytest.mark.parametrize("name", ["dark", "light"])
def test_the_cursor_stands_out_from_an_image(copy_dataset, shown, picture, name):
    with Session.open(copy_dataset("simulated_20sec"), read_only=True) as session:
        params = TraceParams(time=2.0, duration=2.0, mode="image", spikes="none")
        view = TraceView(params, theme=name)
        view = shown(view, load(session.snapshot(), params, never), SIZE)
        view.set_cursor(2.3)
        image, roles = picture(view), theme(name).roles
        _, top, _, height = view.layout.boxes[0].astype(int)
        x = round(view.to_pixels(0, 2.3 - view.data.interval[0], 0)[0])
        row = image[top + 20 : top + height - 20, x - 4 : x + 4]
        for role in ("accent", "background"):
            is_there = np.abs(row - roles[role][:3]).max(axis=2) < 30
            assert is_there.any(axis=1).all(), role
        view.set_cursor(None)
        assert not view._cursor_casing.n_vertices
        view.set_cursor(2.3)
        view.change_params(mode="lines")
        assert view.cursor_line.size == 1
        assert not view._cursor_casing.visible


def test_spikes_of_another_view_s_lasso_are_pointed_at(view, picture):
    before = picture(view).astype(int)
    data = view.data
    k = int(np.argmin(np.abs(data.spike_times - 1.0)))
    view.highlight(data.spike_ids[k : k + 1])
    after = picture(view).astype(int)
    _, columns = np.nonzero(np.abs(after - before).max(axis=2) > 30)
    x = view.to_pixels(0, data.spike_times[k] - data.interval[0], 0)[0]
    assert len(columns) > 5
    assert np.abs(columns - x).max() < 12
    view.highlight(np.empty(0, np.int64))
    assert np.abs(picture(view) - before).max() < 3


@pytest.mark.parametrize("name", ["dark", "light"])
def test_spikes_pointed_at_are_told_from_those_of_other_clusters(shown, reload, picture, name):
    params = TraceParams(time=1.0, duration=0.2, spikes="all")
    view = shown(reload(TraceView(params, theme=name)), size=SIZE)
    before = picture(view).astype(int)
    view.highlight(view.data.spike_ids[view.data.spike_colors == OTHER])
    after = picture(view).astype(int)
    pointed = np.abs(after - theme(name).roles["highlight"][:3]).max(axis=2) < 10
    assert np.count_nonzero(pointed) > 100
    assert np.median(np.abs(after - before).max(axis=2)[pointed]) > 80


def test_as_an_image(view, picture, qtbot):
    with qtbot.waitSignal(view.painted):
        view.change_params(mode="image")
    assert not view.is_stale, "the same data serve"
    image = picture(view)
    left, top, width, height = view.layout.boxes[0].astype(int)
    inside = image[top + 2 : top + height - 2, left + 2 : left + width - 2]
    assert 100 < np.median(inside) < 160, "zero is in the middle of the greys"
    assert len(np.unique(inside.reshape(-1, 3), axis=0)) > 50


@pytest.mark.parametrize("mode", ["lines", "image"])
def test_the_signal_is_sent_once_for_all_selections(
    view, shown, reload, picture, session, monkeypatch, mode
):
    view.change_params(mode=mode)
    reload(view)
    picture(view)
    visual, sent = view._image if mode == "image" else view._traces, []
    original = visual.set_data
    monkeypatch.setattr(visual, "set_data", lambda *a, **k: sent.append(a) or original(*a, **k))
    session.select(session.cluster_ids[:3].tolist())
    painted = picture(reload(view))
    assert not sent
    anew = shown(reload(TraceView(view.params)), size=SIZE)
    np.testing.assert_array_equal(painted, picture(anew))
    view.change_params(time=1.5)
    reload(view)
    assert len(sent) == 1


def test_without_raw_data_the_canvas_says_so(hybrid, shown, picture):
    with Session.open(hybrid, read_only=True) as session:
        data = load(session.snapshot(), TraceParams(), never)
        assert isinstance(data, Empty)
        view = shown(TraceView(), data, SIZE)
        picture(view)
        assert "No raw data: hybrid_10sec.dat was not found" in " ".join(texts(view))
        assert not view.next_spike()
        view.reset_view()


@pytest.mark.parametrize("size", [(900, 350), (300, 150), (80, 60)])
def test_any_size(view, shown, picture, size):
    view.native.resize(*size)
    image = picture(view)
    assert image.shape[:2] == (view.size[1], view.size[0])


# -- time --------------------------------------------------------------------------------------


def test_left_drag_pans_in_time(view, mouse, reload):
    x, y = middle_of(view)
    width = view.layout.boxes[0][2]
    mouse(view).drag((x, y), (x + width / 4, y))
    assert view.is_stale
    assert view.params.time == pytest.approx(1.0 - 0.05, abs=0.001)
    assert view.params.duration == pytest.approx(0.2)
    reload(view)
    assert view.data.interval == pytest.approx((0.85, 1.05), abs=0.001)
    assert view.cells[0].x.view == pytest.approx((0, 0.2), abs=0.001)


def test_a_pan_shows_at_once_what_is_known(view, mouse):
    x, y = middle_of(view)
    before = view.to_pixels(0, 0.1, 0)[0]
    mouse(view).drag((x, y), (x - 60, y))
    assert view.to_pixels(0, 0.1, 0)[0] == pytest.approx(before - 60, abs=1)


def test_wheel_zooms_in_time_about_the_mouse(view, mouse, reload):
    left, top, width, height = view.layout.boxes[0]
    mouse(view).wheel((left + width / 4, top + height / 2), 1)
    start, stop = view.interval
    assert stop - start == pytest.approx(0.16)
    assert start + 0.04 == pytest.approx(0.95, abs=0.001)
    for _ in range(30):
        mouse(view).wheel(middle_of(view), -1)
    assert view.interval == (0, view.data.span)
    assert reload(view).data.envelope.bin_size > 1
    for _ in range(60):
        mouse(view).wheel(middle_of(view), 1)
    assert view.params.duration == pytest.approx(0.005)


def test_right_drag_zooms_in_time_and_channels(view, mouse):
    x, y = middle_of(view)
    mouse(view).drag((x, y), (x + 50, y - 50), Qt.MouseButton.RightButton)
    assert view.params.duration < 0.15
    low, high = view.cells[0].y.view
    assert high - low < len(view.data.channels) * 0.8


def test_alt_wheel_moves_in_time(view, mouse):
    mouse(view).wheel(middle_of(view), -2, Qt.KeyboardModifier.AltModifier)
    assert view.params.time == pytest.approx(1.04)
    mouse(view).wheel(middle_of(view), 1, Qt.KeyboardModifier.AltModifier)
    assert view.params.time == pytest.approx(1.02)


def test_control_wheel_scales_the_amplitude(view, mouse, picture):
    picture(view)
    before = view.data_scale
    mouse(view).wheel(middle_of(view), 2, Qt.KeyboardModifier.ControlModifier)
    assert view.data_scale > before
    assert not view.is_stale
    assert view.params.duration == 0.2


def test_arrows_page(view, qtbot, reload):
    qtbot.keyClick(view.native, Qt.Key.Key_Right)
    assert view.params.time == pytest.approx(1.16)
    qtbot.keyClick(view.native, Qt.Key.Key_Left)
    assert view.params.time == pytest.approx(1.0)
    for _ in range(30):
        qtbot.keyClick(view.native, Qt.Key.Key_Left)
    assert view.interval == pytest.approx((0, 0.2))
    qtbot.keyClick(view.native, Qt.Key.Key_Right)
    assert view.interval == pytest.approx((0.16, 0.36)), "time stops at the ends"


def test_reset(view, mouse, qtbot):
    mouse(view).wheel(middle_of(view), 3)
    mouse(view).wheel(middle_of(view), 3, Qt.KeyboardModifier.ControlModifier)
    mouse(view).double_click(middle_of(view))
    assert view.params.duration == TraceParams().duration
    assert view.data_scale == 1


def test_go_to_marks_the_time(view, qtbot, picture, reload):
    with qtbot.waitSignal(view.params_changed):
        view.go_to(1.5)
    reload(view)
    assert view.data.interval == pytest.approx((1.4, 1.6))
    assert view.cursor == 1.5
    x = view.to_pixels(0, 0.1, 0)[0]
    column = picture(view)[:, round(x) - 1 : round(x) + 2].astype(int)
    assert (column.min(axis=2) > 120).any(axis=1).mean() > 0.8, "a line from top to bottom"


def test_next_and_previous_spike_walk_all_spikes(view, session, reload):
    model, snapshot = session.model, session.snapshot()
    ids = np.sort(np.concatenate([snapshot.spikes(c) for c in snapshot.cluster_ids]))
    times = np.unique(model.spike_samples[ids]) / model.sample_rate
    view.go_to(0.0)
    visited = []
    while view.next_spike():
        visited.append(view.params.time)
    np.testing.assert_allclose(visited, times[times > 0])
    while view.previous_spike():
        visited.pop()
        assert view.params.time == pytest.approx(visited[-1])
    assert len(visited) == 1


def test_violations_are_walked_through(view, session):
    snapshot = session.snapshot()
    view.change_params(refractory_ms=20.0)
    assert not view.is_stale, "the period needs no other data"
    expected = set()
    for c in snapshot.cluster_ids:
        times = session.model.spike_samples[snapshot.spikes(c)].astype(int) / 20_000
        expected |= set(times[1:][np.diff(times) < 0.02 - 1e-9])
    view.go_to(0.0)
    visited = []
    while view.next_violation():
        visited.append(view.params.time)
    np.testing.assert_allclose(visited, sorted(expected))
    assert view.previous_violation()
    assert view.params.time == pytest.approx(visited[-2])


def test_a_violation_is_shown_from_near_and_what_is_near_already_stays(view):
    assert view.params.duration == 0.2
    view.change_params(refractory_ms=20.0, violation_ms=12.0)
    view.go_to(0.0)
    assert view.next_violation()
    assert view.params.duration == pytest.approx(0.012)
    view.change_params(duration=0.005)
    assert view.next_violation()
    assert view.params.duration == 0.005


def test_a_selected_cluster_without_a_spike_in_view_is_named(view, session, reload, picture):
    assert not any("in view" in text for text in texts(view))
    first, second = session.selected
    spikes = {
        c: session.model.spike_samples[session.spikes_per_cluster[c]] for c in (first, second)
    }
    # In the middle of the longest silence.
    around = np.sort(np.concatenate(list(spikes.values()))).astype(np.int64)
    wide = int(np.argmax(np.diff(around)))
    middle = around[wide : wide + 2].mean() / session.model.sample_rate
    view.change_params(time=middle, duration=0.002)
    picture(reload(view))
    assert f"no spike of {first} and {second} in view" in texts(view)
    view.change_params(spikes="none")
    picture(reload(view))
    assert not any("in view" in text for text in texts(view))


def test_traces_follow_the_selection_if_that_is_set(view, session, reload):
    ids = session.selected
    samples = session.model.spike_samples[session.spikes_per_cluster[ids[1]]].astype(np.int64)
    apart = int(np.argmax(np.diff(samples)))
    time = (samples[apart] + 0.4 * (samples[apart + 1] - samples[apart])) / 20_000
    view.change_params(time=time, duration=0.002)
    reload(view)
    session.select([ids[1]])
    assert reload(view).params.time == time
    session.select(ids)
    view.change_params(follow=True)
    reload(view)
    session.select([ids[1]])
    assert reload(view).params.time == pytest.approx(samples[apart] / 20_000)
    assert view.is_stale, "it is loaded once more"
    # Who pans away from there is left alone.
    view.change_params(time=time)
    assert reload(view).params.time == time


# -- picking -----------------------------------------------------------------------------------


def test_control_click_on_a_spike_asks_for_its_cluster(view, mouse, qtbot):
    data = view.data
    k = int(np.argmin(np.abs(data.spike_times - 1.0)))
    row = int(np.flatnonzero(data.spike_rows[k])[0])
    pos = view.to_pixels(0, data.spike_times[k] - data.interval[0], -row)
    with qtbot.waitSignal(view.cluster_clicked) as caught:
        mouse(view).click(pos, held=Qt.KeyboardModifier.ControlModifier)
    assert caught.args == [data.spike_clusters[k]]


def test_control_click_elsewhere_marks_the_time(view, mouse, qtbot):
    data = view.data
    gaps = np.diff(data.spike_times)
    k = int(np.argmax(gaps))
    time = data.spike_times[k] + gaps[k] / 2
    pos = view.to_pixels(0, time - data.interval[0], -3)
    with qtbot.waitSignal(view.time_clicked) as caught:
        mouse(view).click(pos, held=Qt.KeyboardModifier.ControlModifier)
    assert caught.args[0] == pytest.approx(time, abs=0.001)
    assert view.cursor == pytest.approx(time, abs=0.001)


def test_hovering_names_time_channel_and_spike(view, mouse, qtbot):
    data = view.data
    k = int(np.argmin(np.abs(data.spike_times - 1.0)))
    row = int(np.flatnonzero(data.spike_rows[k])[0])
    said = []
    view.hovered.connect(said.append)
    mouse(view).move(view.to_pixels(0, data.spike_times[k] - data.interval[0], -row))
    assert f"channel {data.channel_labels[row]}" in said[-1]
    assert f"spike {data.spike_ids[k]} of cluster {data.spike_clusters[k]}" in said[-1]


def test_round_below():
    assert [round_below(v) for v in (1, 1.9, 2, 4.99, 5, 9.9, 0.3, 740)] == pytest.approx(
        [1, 1, 2, 2, 5, 5, 0.2, 500]
    )


def test_names_of_a_second_column_are_indented(view):
    view._lay_out(SIZE)
    data, left = view.data, view.layout.boxes[0][0]
    assert data.n_columns == 2
    names = [a for a in view.all_labels if a.align == ("right", "center") and a.x < left]
    assert len(names) > 2
    for label in names:
        row = data.channel_labels.index(label.text)
        is_second = X_OF_CHANNELS[data.channels[row]] > 0
        assert left - label.x == pytest.approx(4 if is_second else 17)
    assert all(label.x - text_width(label.text) >= 0 for label in names)


def test_ticks_of_all_spikes_stand_at_the_top_on_demand(view, picture):
    plain = picture(view)
    assert not len(view._ticks.vertices)
    view.change_params(ticks=True)
    assert not view.is_stale
    image = picture(view)
    data, (left, top, width, _) = view.data, view.layout.boxes[0]
    ticks = view._ticks.vertices.reshape(-1, 2)
    start, stop = view.interval
    seen = (data.spike_times >= start) & (data.spike_times <= stop)
    assert len(ticks) == seen.sum() > 0
    wanted = left + (data.spike_times[seen] - start) / (stop - start) * width
    found = np.sort(ticks["position"][:, 0, 0])
    np.testing.assert_allclose(found, np.sort(wanted), atol=0.6)
    # Those of selected clusters in their colours, over the others.
    colors = ticks["color"][:, 0].astype(int)
    assert sorted(colors[colors >= 0]) == sorted(data.spike_colors[seen & (data.spike_colors >= 0)])
    assert (np.diff((colors >= 0).astype(int)) >= 0).all()
    changed = np.abs(image - plain).max(axis=2) > 20
    assert changed[round(top) + 1 : round(top) + 9].any()
    assert not changed[round(top) + 10 :].any()

"""The correlogram view: its picture and its interactions."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import Qt

from phygui.curation.statistics.snapshot import Snapshot
from phygui.views.core.colors import ALERT, DIM, theme
from phygui.views.core.visuals import text_width
from phygui.views.correlogram.data import CorrelogramParams, load
from phygui.views.correlogram.pair_numbers import Numbers, asymmetry, numbers_of
from phygui.views.correlogram.view import CorrelogramView
from tests.views.correlogram.snapshots import RATE, make_snapshot, model_of, never

# -- the picture -------------------------------------------------------------------------------


SIZE = (600, 400)


@pytest.fixture
def view(shown):
    view = CorrelogramView()
    return shown(view, load(make_snapshot(2), view.params, never), SIZE)


def texts(view) -> list[str]:
    return [label.text for label in view.all_labels]


def background_of(view) -> np.ndarray:
    return theme(view.theme).roles["background"][:3].astype(int)


@pytest.mark.parametrize("name", ["dark", "light"])
def test_bars_stand_where_the_counts_are_and_are_as_high(view, picture, name):
    view.set_theme(name)
    view.change_params(show_baseline=False, refractory_ms=0.0, mirrored="correlograms")
    view.set_data(load(make_snapshot(2), view.params, never))
    image = picture(view)
    data = view.data
    colors = {0: theme(name).clusters[0], 3: theme(name).clusters[1]}
    for cell in range(4):
        i, j = divmod(cell, 2)
        color = colors.get(cell, theme(name).roles["dim"])[:3].astype(int)
        for k in (3, 10, 30, 47):
            x = data.edges_ms[k].mean()
            height = data.heights[i, j, k]
            if height > 0:
                column, row = view.to_pixels(cell, x, height * 0.9)
                assert np.abs(image[int(row), int(column)] - color).max() < 5
            column, row = view.to_pixels(cell, x, height)
            above = image[int(row) - 3, int(column)]
            assert np.abs(above - background_of(view)).max() < 5


def test_names_axes_and_shares_of_violations_are_written(view, picture):
    picture(view)
    written = texts(view)
    assert {"0", "1", "pairs"} <= set(written)
    assert any(text.endswith("% < 2 ms") for text in written)
    assert any(text.endswith(" ms") and "<" not in text for text in written)


def test_the_baseline_is_a_line_at_its_height(view, picture):
    with_line = picture(view).astype(int)
    view.change_params(show_baseline=False)
    view.set_data(load(make_snapshot(2), view.params, never))
    changed = np.abs(picture(view) - with_line).max(axis=2) > 30
    left, top, width, height = view.layout.boxes[1].astype(int)
    rows = np.flatnonzero(
        changed[top + 20 : top + height - 2, left : left + width].mean(axis=1) > 0.5
    )
    expected = view.to_pixels(1, 0, view.data.baseline[0, 1, 0])[1]
    assert len(rows) == 1
    assert rows[0] + top + 20 == pytest.approx(expected, abs=1.5)


@pytest.mark.parametrize("period", [1.5, 2.0])
def test_the_band_is_as_wide_as_the_refractory_period(shown, picture, period):
    view = CorrelogramView(CorrelogramParams(refractory_ms=period))
    shown(view, load(make_snapshot(2), view.params, never), SIZE)
    image = picture(view).astype(int)
    row = int(view.layout.boxes[0][1]) + 18
    frame = np.abs(image[row] - background_of(view)).max(axis=1) > 8
    ends = [view.to_pixels(0, lag, 0)[0] for lag in (-period, period)]
    inside = np.arange(round(ends[0]) + 1, round(ends[1]) - 1)
    assert frame[inside].all()
    assert not frame[round(ends[0]) - 3 : round(ends[0]) - 1].any()
    assert not frame[round(ends[1]) + 1 : round(ends[1]) + 3].any()


@pytest.mark.parametrize("n", [1, 8, 20])
def test_many_clusters(shown, picture, n):
    view = CorrelogramView(CorrelogramParams(layout="matrix"))
    shown(view, load(make_snapshot(n, 4000), view.params, never), SIZE)
    picture(view)
    assert len(view.cells) == n * n
    boxes = view.layout.boxes
    assert (boxes[:, 2:] > 8).all()
    assert boxes[:, 0].min() >= 0
    assert (boxes[:, 0] + boxes[:, 2]).max() <= SIZE[0]


@pytest.mark.parametrize("size", [(922, 276), (655, 181), (655, 155), (220, 110)])
@pytest.mark.parametrize("n", [20, 23])
def test_twenty_clusters_stay_on_a_small_canvas(shown, picture, size, n):
    view = CorrelogramView(CorrelogramParams(layout="matrix"))
    shown(view, load(make_snapshot(n, 4000), view.params, never), size)
    picture(view)
    left, top, width, height = view.layout.boxes.T
    assert (left + width).max() <= size[0]
    assert (top + height).max() <= size[1] - 15
    assert height.min() >= 2
    assert np.diff(np.unique(top)).min() > height.max()


@pytest.mark.parametrize("size", [(922, 276), (655, 181), (400, 150), (200, 120)])
def test_shares_of_violations_stand_in_small_plots_where_they_fit(shown, picture, size):
    view = CorrelogramView(CorrelogramParams(layout="matrix"))
    shown(view, load(make_snapshot(8, 4000), view.params, never), size)
    picture(view)
    for k in range(8):
        left, top, width, height = view.layout.boxes[9 * k]
        inside = [
            label
            for label in view.all_labels
            if left <= label.x <= left + width and top - 1 <= label.y < top + height
        ]
        shares = [label for label in inside if label.text.endswith("%")]
        names = [label for label in inside if label.text == str(view.data.cluster_ids[k])]
        share = 100 * view.data.violations[k]
        if size[0] > 600:
            assert [label.text for label in shares] == [f"{share:.2g}%"]
        for label in shares:
            assert label.color == (ALERT if share >= 1 else DIM)
            assert label.y + 14 <= top + height + 3
            # Beside the name, and not over the lags about zero.
            start = label.x - text_width(label.text)
            assert start > left + width / 2
            assert all(start > name.x + text_width(name.text) for name in names)
    if size[0] < 300:
        assert not any(label.text.endswith("%") for label in view.all_labels)


@pytest.mark.parametrize("scale", ["counts", "rate", "normalised"])
def test_a_plot_without_any_pair_has_an_axis_and_the_refractory_band(shown, picture, scale):
    view = CorrelogramView(CorrelogramParams(scale=scale, show_baseline=False))
    data = load(make_snapshot(2), view.params, never)
    data.heights[0, 1] = 0
    shown(view, data, SIZE)
    image = picture(view)
    assert view.cells[1].y.high == 1
    assert not any(re.match(r"[\d.]+e", text) for text in texts(view))
    left, top, width, height = view.layout.boxes[1].astype(int)
    row = image[top + height // 2, left + 2 : left + width - 2]
    assert 0.02 < np.mean(np.abs(row - background_of(view)).max(axis=-1) > 10) < 0.2
    # And the line at lag 0.
    center = row[round(len(row) / 2) - 3 : round(len(row) / 2) + 3].astype(int)
    assert np.ptp(center.sum(axis=-1)) > 20


@pytest.mark.parametrize("size", [(1400, 500), (922, 276), (655, 181), (200, 120)])
@pytest.mark.parametrize("factor", [1, 1000])
def test_crosscorrelograms_of_many_clusters_say_how_high_they_are(shown, picture, size, factor):
    view = CorrelogramView(CorrelogramParams(layout="matrix"))
    data = load(make_snapshot(8, 4000), view.params, never)
    shown(view, replace(data, heights=data.heights * factor), size)
    picture(view)
    n_written = 0
    for k, (left, top, width, height) in enumerate(view.layout.boxes):
        i, j = divmod(k, 8)
        inside = [
            label
            for label in view.all_labels
            if left <= label.x <= left + width and top - 1 <= label.y < top + height
        ]
        if i >= j:
            continue
        n_written += len(inside)
        for label in inside:
            tallest = view.data.heights[i, j].max()
            # In full, as a height, and with what it counts where there is room.
            assert label.text.removesuffix(" pairs") == f"max {tallest:,.0f}"
            assert label.text.endswith(" pairs") == (size[0] > 1000)
            # The lags about zero stay in sight.
            assert label.x + text_width(label.text) < left + width * (1.0 if height > 40 else 0.5)
    # Rather none than one that hides the bars, or that cannot be read.
    assert n_written == {1400: 28, 922: 28 if factor == 1 else 0}.get(size[0], 0)


@pytest.mark.parametrize("size", [(1400, 700), (922, 276), (655, 181), (200, 120)])
def test_below_the_diagonal_pairs_are_told_in_numbers(shown, picture, size):
    view = CorrelogramView(CorrelogramParams(layout="matrix"))
    data = load(make_snapshot(8, 4000), view.params, never)
    shown(view, data, size)
    picture(view)
    below = [k for k, (i, j) in enumerate(view._pairs.tolist()) if i > j]
    assert not set(below) & set(view._bars.vertices["cell"].astype(int).tolist())
    written = 0
    for k in below:
        left, top, width, height = view.layout.boxes[k]
        i, j = view._pairs[k].tolist()
        lines = [
            label
            for label in view.all_labels
            if label.align == ("center", "center")
            and left <= label.x <= left + width
            and top <= label.y <= top + height
        ]
        numbers = numbers_of(data, j, i, 2.0)
        assert [a.text for a in lines] in [*numbers.texts(), []]
        assert all(text_width(a.text) <= width for a in lines)
        written += bool(lines)
        x, y = left + width / 2, top + height / 2
        assert view.text_at((x, y)) == f"{i} around {j}, {', '.join(numbers.texts()[0])}"
    assert written == (28 if size[0] > 600 else 0)
    view.change_params(mirrored="correlograms")
    assert not view.is_stale
    assert set(below) <= set(view._bars.vertices["cell"].astype(int).tolist())


@pytest.mark.parametrize("scale", ["counts", "rate", "normalised"])
@pytest.mark.parametrize("log_lag", [False, True])
def test_numbers_of_a_pair_are_those_of_its_spikes(scale, log_lag):
    snapshot = make_snapshot(2, 4000)
    data = load(snapshot, CorrelogramParams(scale=scale, log_lag=log_lag), never)
    found = numbers_of(data, 0, 1, 2.0)
    a, b = (snapshot.shank.spike_samples[snapshot.spikes(c)].astype(float) / RATE for c in (0, 1))
    lags = np.abs(b[None] - a[:, None]) * 1000
    low = 0.5 if log_lag else 0.0
    beyond = [np.count_nonzero(lags < at) for at in (low - 1e-9, low + 1e-9)]
    within = [np.count_nonzero(lags < found.reach_ms + by) for by in (-1e-9, 1e-9)]
    # A lag at the very end of a bar belongs to the one or the other.
    assert within[0] - beyond[1] <= found.n_pairs <= within[1] - beyond[0]
    if not log_lag:
        assert found.reach_ms == 2.0
    expected = 2 * len(a) * len(b) * (found.reach_ms - low) / 1000 / snapshot.shank.duration
    assert found.n_expected == pytest.approx(expected, rel=1e-6)
    assert found.texts()[1][0] == f"{found.n_pairs / expected:.2f}× chance"
    # Where nothing is expected, a ratio says nothing.
    few = numbers_of(replace(data, expected=data.expected / 1e6), 0, 1, 2.0)
    assert len(few.texts()) == 1


@pytest.mark.parametrize(("n", "said"), [(4.0234, "4.02"), (999.2, "999"), (278_079.4, "278,079")])
def test_pairs_expected_are_told_as_those_counted(n, said):
    assert Numbers(12, n, 2.0, 0.0).texts()[0][1] == f"{said} by chance"


def test_bars_of_an_odd_sampling_rate_do_not_make_a_long_number():
    assert Numbers(1, 3.0, 1.96608, 0.0).texts()[0][0] == "1 pair within 1.97 ms"


def test_an_alarming_share_is_rounded_rather_than_left_out(shown, picture):
    view = CorrelogramView()
    data = load(make_snapshot(8, 4000), view.params, never)
    data.violations[:] = 0.024
    shown(view, data, (500, 350))
    picture(view)
    shares = [label for label in view.all_labels if label.text.endswith("%")]
    assert [(label.text, label.color) for label in shares] == [("2%", ALERT)] * 8


def test_clusters_left_out_are_counted(shown, picture):
    view = CorrelogramView()
    shown(view, load(make_snapshot(23), view.params, never), SIZE)
    picture(view)
    [note] = [label for label in view.all_labels if "more selected" in label.text]
    assert note.text == "3 more selected clusters are not shown"
    # Below the plots and what is written under them.
    assert note.align[1] == "bottom"
    assert all(label.y + 11 <= note.y - 10 for label in view.layout.labels)


def test_logarithmic_axis(shown, picture):
    view = CorrelogramView(CorrelogramParams(log_lag=True, window_ms=2000))
    shown(view, load(make_snapshot(1), view.params, never), SIZE)
    picture(view)
    assert {"−100", "−1", "1", "10", "100", "1000 ms"} <= set(texts(view))
    ten, hundred = (
        next(label.x for label in view.all_labels if label.text == text) for text in ("10", "100")
    )
    one = next(label.x for label in view.all_labels if label.text == "1")
    assert hundred - ten == pytest.approx(ten - one, abs=1)


def test_nothing_selected_is_said(shown, picture):
    view = CorrelogramView()
    shown(view, load(make_snapshot(selected=()), view.params, never), SIZE)
    picture(view)
    assert "Select a cluster to see its correlograms." in texts(view)


# -- what the user does ------------------------------------------------------------------------


def test_control_wheel_makes_bars_taller(view, mouse, picture):
    picture(view)
    before = view.cells[0].y.view
    mouse(view).wheel((150, 100), 2, Qt.KeyboardModifier.ControlModifier)
    picture(view)
    assert view.cells[0].y.view[1] == pytest.approx(before[1] / view.data_scale)
    assert view.cells[0].y.view[0] == 0
    mouse(view).double_click((150, 100))
    picture(view)
    assert view.cells[0].y.view == pytest.approx(before)


def test_wheel_and_drag_move_all_lags_together(view, mouse):
    mouse(view).wheel((150, 100), 3)
    low, high = view.cells[0].x.view
    assert high - low < 40
    assert all(cell.x.view == (low, high) for cell in view.cells)
    mouse(view).drag((150, 100), (170, 120))
    assert view.cells[3].x.view[0] < low
    assert view.cells[0].y.view[0] == 0


def test_control_click_on_a_crosscorrelogram_asks_for_its_pair(view, mouse, qtbot):
    left, top, width, height = view.layout.boxes[1]
    with qtbot.waitSignal(view.pair_clicked) as caught:
        mouse(view).click(
            (left + width / 2, top + height / 2), held=Qt.KeyboardModifier.ControlModifier
        )
    assert caught.args == [0, 1]
    left, top, width, height = view.layout.boxes[3]
    with qtbot.waitSignal(view.cluster_clicked) as caught:
        mouse(view).click(
            (left + width / 2, top + height / 2), held=Qt.KeyboardModifier.ControlModifier
        )
    assert caught.args == [1]


def test_hovering_tells_the_bar(view, mouse):
    said = []
    view.hovered.connect(said.append)
    data = view.data
    assert data.counts[0, 1, 30] == 1
    x, y = view.to_pixels(1, data.edges_ms[30].mean(), data.heights[0, 1].max() / 2)
    mouse(view).move((x, y))
    assert said[-1].startswith("1 around 0, asymmetry ")
    assert said[-1].endswith(", lag 5 to 6 ms: 1 pair")


def test_asymmetry():
    # The bars next to lag zero, where the order in the file decides, are left out.
    assert asymmetry(np.array([1, 2, 90, 0, 4, 5])) == pytest.approx(6 / 12)
    assert asymmetry(np.array([3, 1, 0, 0])) == -1
    assert asymmetry(np.zeros(6, int)) == 0


def test_a_plot_without_a_pair_reaches_a_whole_one():
    samples = np.arange(4, dtype=np.uint64) * np.uint64(RATE)
    model = model_of(samples)
    spikes = {0: np.array([0, 2]), 1: np.array([1, 3])}
    clusters = np.array([0, 1, 0, 1], np.int32)
    snapshot = Snapshot(1, model, (0, 1), spikes, clusters, {0: 3, 1: 3})  # type: ignore[arg-type]
    data = load(snapshot, CorrelogramParams(), never)
    assert not data.counts.any()
    view = CorrelogramView()
    view.set_data(data)
    assert all(cell.y.high >= 1 for cell in view.cells)
    view.close()


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("height", [30, 60, 90, 120, 150, 180, 230, 300, 450])
@pytest.mark.parametrize("scale", [1.0, 1.6, 0.6])
def test_two_numbers_can_be_read_beside_plots_of_a_single_pair(shown, picture, n, height, scale):
    """Each cluster has two spikes 10 ms apart, far from those of the others."""
    samples = np.sort(np.arange(n)[:, None] * 40_000 + [0, 200]).ravel().astype(np.uint64)
    model = model_of(samples)
    spikes = {c: np.array([2 * c, 2 * c + 1]) for c in range(n)}
    clusters = np.repeat(np.arange(n), 2).astype(np.int32)
    ids = tuple(range(n))
    snapshot = Snapshot(1, model, ids, spikes, clusters, dict.fromkeys(ids, 3))  # type: ignore[arg-type]
    view = CorrelogramView()
    shown(view, load(snapshot, view.params, never), (330, height))
    view.data_scale = scale
    picture(view)
    for has_bars, (left, top, _, tall) in zip(view._shows_bars, view.layout.boxes, strict=True):
        if tall < 22 or not has_bars:
            continue
        found = [
            label
            for label in view.layout.labels
            if label.align == ("right", "center") and left - 30 < label.x <= left
        ]
        inside = [label for label in found if top - 6 <= label.y <= top + tall + 6]
        values = {float(label.text) for label in inside}
        assert len(values) >= 2, (top, tall)
    names = [label for label in view.layout.labels if label.text == "pairs"]
    # The unit is left out only where it would stand in the place of a number.
    assert names or view.layout.boxes[0][3] < 40


def test_the_large_pair_is_named_in_the_colours_of_its_clusters(shown, picture):
    view = CorrelogramView()
    snapshot = make_snapshot(20, 4000)
    params = view.in_room(view.params, (450.0, 330.0), snapshot.cluster_ids)
    shown(view, load(snapshot, params, never), (450, 330))
    picture(view)
    left, top, width, _ = view.layout.boxes[0]
    written = [
        label
        for label in view.all_labels
        if left <= label.x < left + width and top <= label.y < top + 20
    ]
    assert [(label.text, label.color) for label in written] == [
        ("1", 1),
        (" around ", DIM),
        ("0", 0),
    ]
    # Until all pairs are counted, those that are remain where they are.
    view.native.resize(1500, 1000)
    picture(view)
    assert len(view.cells) == 21


def test_with_the_focus_on_the_best_cluster_crosscorrelograms_dim(view, picture):
    view.change_params(show_baseline=False, refractory_ms=0.0)
    view.set_data(load(make_snapshot(2), view.params, never))
    data = view.data
    k = int(np.argmax(data.heights[0, 1]))

    def colors():
        image = picture(view)
        of_pair = view.to_pixels(1, data.edges_ms[k].mean(), data.heights[0, 1, k] / 2)
        own = int(np.argmax(data.heights[0, 0]))
        of_best = view.to_pixels(0, data.edges_ms[own].mean(), data.heights[0, 0, own] / 2)
        return [image[int(row), int(column)] for column, row in (of_best, of_pair)]

    best, pair = colors()
    view.palette.is_focused = True
    best_in_focus, pair_in_focus = colors()
    assert np.abs(best_in_focus - best).max() < 5
    ground = background_of(view)
    assert np.abs(pair_in_focus - ground).max() < 0.75 * np.abs(pair - ground).max()
    assert np.abs(pair_in_focus - ground).max() > 20, "it can still be seen"

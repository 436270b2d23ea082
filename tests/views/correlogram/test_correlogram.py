"""The correlogram view: its numbers against their plain meaning, its picture, its interactions."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PyQt5.QtCore import Qt

from phygui.curation.statistics.snapshot import Snapshot
from phygui.dataset.clock import SpikeClock
from phygui.dataset.timeline import Timeline
from phygui.views.core.base import Cancelled, Empty
from phygui.views.core.colors import ALERT, DIM, theme
from phygui.views.core.visuals import text_width
from phygui.views.correlogram import data as correlogram_data
from phygui.views.correlogram.data import CorrelogramParams, bin_edges, load
from phygui.views.correlogram.view import CorrelogramView, asymmetry

RATE = 20_000.0
DURATION = 30.0


def never() -> bool:
    return False


def make_snapshot(
    n_clusters: int = 3, n_spikes: int = 600, seed: int = 0, selected: tuple[int, ...] | None = None
) -> Snapshot:
    rng = np.random.default_rng(seed)
    samples = np.sort(rng.integers(0, int(DURATION * RATE), n_spikes)).astype(np.uint64)
    # Some spikes close to one another, and some in the very same sample.
    samples[1::7] = samples[:-1:7]
    samples[2::9] = samples[1:-1:9] + np.uint64(15)
    samples = np.sort(samples)
    clusters = rng.integers(0, n_clusters, n_spikes).astype(np.int32)
    spikes = {c: np.flatnonzero(clusters == c) for c in range(n_clusters)}
    model = model_of(samples)
    ids = tuple(range(n_clusters)) if selected is None else selected
    return Snapshot(1, model, ids, spikes, clusters, dict.fromkeys(ids, 3))  # type: ignore[arg-type]


def model_of(samples: np.ndarray) -> Any:
    clock = SpikeClock(samples, Timeline.joined([int(DURATION * RATE)]), RATE)
    return SimpleNamespace(sample_rate=RATE, duration=DURATION, spike_samples=samples, clock=clock)


def naive(snapshot: Snapshot, a: int, b: int, bin_size: int, n_half: int) -> list[int]:
    """Lags of every pair of spikes, one by one."""
    samples = snapshot.shank.spike_samples.astype(int)
    after, before = [0] * n_half, [0] * n_half
    for i in snapshot.spikes(a):
        for j in snapshot.spikes(b):
            k = abs(samples[j] - samples[i]) // bin_size
            if k < n_half and j > i:
                after[k] += 1
            elif k < n_half and j < i:
                before[k] += 1
    return [*before[::-1], *after]


@pytest.fixture(autouse=True)
def _fresh_cache():
    correlogram_data._cache.clear()


def test_counts_are_those_of_every_pair_of_spikes():
    snapshot = make_snapshot()
    data = load(snapshot, CorrelogramParams(bin_ms=1, window_ms=50), never)
    assert data.counts.shape == (3, 3, 50)
    for i in range(3):
        for j in range(3):
            expected = naive(snapshot, i, j, 20, 25)
            assert data.counts[i, j].tolist() == expected


def test_counts_equal_the_public_correlograms():
    from phygui.analysis import correlograms

    snapshot = make_snapshot(5, 3000)
    data = load(snapshot, CorrelogramParams(bin_ms=0.5, window_ms=100), never)
    expected = correlograms(
        snapshot.shank.spike_samples, snapshot.spike_clusters, range(5), 1.0, 10, 2000
    )
    # One bar for each side of lag zero, and none beyond the window.
    np.testing.assert_array_equal(data.counts[..., :99], expected[..., 1:100])
    np.testing.assert_array_equal(data.counts[..., 101:], expected[..., 101:200])
    np.testing.assert_array_equal(data.counts[..., 99:101].max(axis=-1), expected[..., 100])


def test_wide_windows():
    from phygui.analysis import correlograms

    snapshot = make_snapshot(2)
    data = load(snapshot, CorrelogramParams(bin_ms=50, window_ms=20_000), never)
    expected = correlograms(
        (snapshot.shank.spike_samples + 0.25) / RATE,
        snapshot.spike_clusters,
        [0, 1],
        RATE,
        0.05,
        20.0,
    )
    assert data.counts.shape == (2, 2, 400)
    np.testing.assert_array_equal(data.counts[..., 201:], expected[..., 201:400])


def test_logarithmic_lags():
    snapshot = make_snapshot(2)
    params = CorrelogramParams(log_lag=True, window_ms=1000)
    data = load(snapshot, params, never)
    samples = snapshot.shank.spike_samples.astype(float)
    lags = samples[snapshot.spikes(1)][None, :] - samples[snapshot.spikes(0)][:, None]
    n_half = len(data.edges_ms) // 2
    right = np.r_[data.edges_ms[n_half:, 0], data.edges_ms[-1, 1]] / 1000 * RATE
    first = np.ceil(right - 1e-6)
    expected = [np.sum((lags >= a) & (lags < b)) for a, b in pairwise(first)]
    assert data.counts[0, 1, n_half:].tolist() == expected
    assert data.edges_ms[n_half, 0] == pytest.approx(0.5)
    assert data.edges_ms[-1, 1] == pytest.approx(500)
    np.testing.assert_allclose(data.edges_ms, -data.edges_ms[::-1, ::-1])
    np.testing.assert_array_equal(data.counts[1, 0], data.counts[0, 1, ::-1])


def test_bars_stand_where_their_lags_are():
    edges = bin_edges(CorrelogramParams(bin_ms=1, window_ms=50), RATE)
    np.testing.assert_allclose(edges[:, 0], np.arange(-25, 25))
    np.testing.assert_allclose(np.diff(edges, axis=1), 1)


@pytest.mark.parametrize("rate", [20_000.0, 24_414.0625, 29_999.95, 30_000.0])
@pytest.mark.parametrize("bin_ms", [0.3, 1.0])
@pytest.mark.parametrize("log_lag", [False, True])
def test_every_pair_lies_under_the_bar_that_counts_it(rate, bin_ms, log_lag):
    snapshot = make_snapshot(2)
    snapshot.shank.sample_rate = rate
    params = CorrelogramParams(bin_ms=bin_ms, window_ms=40, log_lag=log_lag)
    data = load(snapshot, params, never)
    assert data.edges_ms[-1, 1] == pytest.approx(20, abs=bin_ms)
    samples = snapshot.shank.spike_samples.astype(np.int64)
    a, b = snapshot.spikes(0), snapshot.spikes(1)
    lags = (samples[b][None, :] - samples[a][:, None]) / rate * 1000
    half, near = len(data.edges_ms) // 2, 1e-9
    for k in range(half):
        low, high = data.edges_ms[half + k]
        after = (lags > low - near) & (lags < high - near)
        before = (lags > -high + near) & (lags < -low + near)
        if k == 0 and not log_lag:
            # Of two spikes at the same time, the file tells which comes first.
            after &= b[None, :] > a[:, None]
            before &= b[None, :] < a[:, None]
        assert data.counts[0, 1, half + k] == after.sum()
        assert data.counts[0, 1, half - 1 - k] == before.sum()


def test_the_number_of_bars_is_bounded():
    params = CorrelogramParams(bin_ms=0.05, window_ms=100_000)
    data = load(make_snapshot(2), params, never)
    assert data.counts.shape[2] <= 2001
    np.testing.assert_allclose(data.edges_ms[0, 0], -50_000, rtol=0.01)


def test_scales():
    snapshot = make_snapshot(2)
    counts = load(snapshot, CorrelogramParams(), never)
    rate = load(snapshot, CorrelogramParams(scale="rate"), never)
    normalised = load(snapshot, CorrelogramParams(scale="normalised"), never)
    n_a, n_b = (len(snapshot.spikes(c)) for c in (0, 1))
    np.testing.assert_allclose(rate.heights[0, 1], counts.counts[0, 1] / n_a / 0.001)
    np.testing.assert_allclose(rate.baseline[0, 1], n_b / DURATION)
    np.testing.assert_allclose(counts.baseline[0, 1], n_a * n_b * 0.001 / DURATION)
    np.testing.assert_allclose(normalised.baseline, 1)
    np.testing.assert_allclose(normalised.heights[0, 1], rate.heights[0, 1] / (n_b / DURATION))
    assert (counts.unit, rate.unit, normalised.unit) == ("pairs", "spikes/s", "× mean")


def test_independent_trains_lie_on_the_baseline():
    snapshot = make_snapshot(2, 60_000, seed=3)
    data = load(snapshot, CorrelogramParams(bin_ms=5, window_ms=100, scale="normalised"), never)
    far = np.abs(data.edges_ms.mean(axis=1)) > 10
    assert data.heights[0, 1, far].mean() == pytest.approx(1, abs=0.02)


def test_violations_are_the_share_of_short_intervals():
    snapshot = make_snapshot()
    data = load(snapshot, CorrelogramParams(refractory_ms=3), never)
    for c in range(3):
        samples = snapshot.shank.spike_samples[snapshot.spikes(c)].astype(int)
        expected = np.mean(np.r_[False, np.diff(samples) < 60])
        assert data.violations[c] == pytest.approx(expected)


def test_an_edit_recounts_only_the_pairs_it_touched(monkeypatch):
    counted = []
    plain = correlogram_data.two_sided_correlogram

    def counting(a, b=None, **kwargs):
        counted.append(1)
        return plain(a, b, **kwargs)

    monkeypatch.setattr(correlogram_data, "two_sided_correlogram", counting)
    before = make_snapshot(4)
    load(before, CorrelogramParams(), never)
    assert len(counted) == 10
    load(before, CorrelogramParams(scale="rate"), never)
    assert len(counted) == 10, "another scale needs no count"

    spikes = dict(before.spikes_per_cluster)
    spikes[4] = np.sort(np.concatenate([spikes.pop(2), spikes.pop(3)]))
    after = Snapshot(2, before.shank, (0, 1, 4), spikes, before.spike_clusters, {})
    data = load(after, CorrelogramParams(), never)
    assert len(counted) == 13, "only the pairs of the new cluster"
    load(before, CorrelogramParams(), never)
    assert len(counted) == 13, "an undo needs no count"
    assert data.counts[2, 2].tolist() == naive(after, 4, 4, 20, 25)


def test_the_cache_is_bounded(monkeypatch):
    monkeypatch.setattr(correlogram_data._cache, "max_bytes", 2000)
    load(make_snapshot(8), CorrelogramParams(), never)
    assert correlogram_data._cache.n_bytes <= 2000


def test_up_to_twenty_clusters():
    data = load(make_snapshot(23), CorrelogramParams(), never)
    assert data.counts.shape[:2] == (20, 20)
    assert data.n_left_out == 3


def test_only_the_correlograms_that_are_shown_are_counted(monkeypatch):
    snapshot, counted = make_snapshot(20, 4000), []
    pair = correlogram_data._pair
    monkeypatch.setattr(
        correlogram_data, "_pair", lambda *args: counted.append(args) or pair(*args)
    )
    ids = snapshot.cluster_ids
    params = CorrelogramView.in_room(CorrelogramParams(), (450.0, 330.0), ids)
    some = load(snapshot, params, never)
    assert len(counted) == 21
    assert not some.has_all_pairs
    params = CorrelogramView.in_room(CorrelogramParams(), (1900.0, 1000.0), ids)
    every = load(snapshot, params, never)
    assert len(counted) == 21 + 210
    assert every.has_all_pairs
    for k in range(20):
        np.testing.assert_array_equal(some.counts[k, k], every.counts[k, k])
    np.testing.assert_array_equal(some.counts[0, 1], every.counts[0, 1])


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


def test_cancelled_between_pairs():
    calls = []

    def soon() -> bool:
        calls.append(1)
        return len(calls) > 3

    with pytest.raises(Cancelled):
        load(make_snapshot(5), CorrelogramParams(), soon)
    assert len(calls) == 4


def test_nothing_selected():
    assert isinstance(load(make_snapshot(selected=()), CorrelogramParams(), never), Empty)


def test_clusters_of_one_spike():
    snapshot = make_snapshot()
    spikes = {0: np.array([5]), 1: np.array([9])}
    lonely = Snapshot(1, snapshot.shank, (0, 1), spikes, snapshot.spike_clusters, {})
    data = load(lonely, CorrelogramParams(), never)
    assert data.counts.shape == (2, 2, 50)
    assert data.violations.tolist() == [0, 0]
    assert np.isfinite(data.heights).all()


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
    view.change_params(show_baseline=False, refractory_ms=0.0)
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
    assert not any("e" in text for text in texts(view) if text[0].isdigit())
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
        if i == j:
            continue
        n_written += len(inside)
        for label in inside:
            tallest = view.data.heights[i, j].max()
            # In full, and with what it counts where there is room.
            assert label.text.removesuffix(" pairs") == f"{tallest:,.0f}"
            assert label.text.endswith(" pairs") == (size[0] > 1000)
            # The lags about zero stay in sight.
            assert label.x + text_width(label.text) < left + width * (1.0 if height > 40 else 0.5)
    assert n_written == (56 if size[0] > (600 if factor == 1 else 900) else 0)


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
    assert "No cluster is selected" in texts(view)


# -- what the user does ------------------------------------------------------------------------


def test_control_wheel_makes_bars_taller(view, mouse, picture):
    picture(view)
    before = view.cells[0].y.view
    mouse(view).wheel((150, 100), 2, Qt.ControlModifier)
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
        mouse(view).click((left + width / 2, top + height / 2), held=Qt.ControlModifier)
    assert caught.args == [0, 1]
    left, top, width, height = view.layout.boxes[3]
    with qtbot.waitSignal(view.cluster_clicked) as caught:
        mouse(view).click((left + width / 2, top + height / 2), held=Qt.ControlModifier)
    assert caught.args == [1]


def test_hovering_tells_the_bar(view, mouse):
    said = []
    view.hovered.connect(said.append)
    data = view.data
    x, y = view.to_pixels(1, data.edges_ms[30].mean(), data.heights[0, 1].max() / 2)
    mouse(view).move((x, y))
    assert said[-1].startswith("1 around 0, asymmetry ")
    assert said[-1].endswith(f", lag 5 to 6 ms: {data.counts[0, 1, 30]} pairs")


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
    for left, top, _, tall in view.layout.boxes:
        if tall < 22:
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

"""The rate view: its numbers, its picture, its interactions."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from qtpy.QtCore import Qt

from phygui.analysis import firing_rate_histogram
from phygui.curation.statistics.snapshot import Snapshot
from phygui.curation.time_range.within import TimeRange
from phygui.dataset.clock import SpikeClock
from phygui.dataset.timeline import Timeline
from phygui.views.core.base import Cancelled, Empty
from phygui.views.core.colors import theme
from phygui.views.rate.view import RateParams, RateView, bins_for, load

RATE = 20_000.0
SIZE = (500, 300)


def never() -> bool:
    return False


@pytest.fixture
def snapshot() -> Snapshot:
    rng = np.random.default_rng(0)
    samples = np.sort(rng.integers(0, 400_000, 3000)).astype(np.uint64)
    samples[-1] = 400_000
    clusters = rng.integers(0, 4, 3000).astype(np.int32)
    spikes = {c: np.flatnonzero(clusters == c) for c in range(4)}
    clock = SpikeClock(samples, Timeline.joined([120_000, 280_000]), RATE)
    model = SimpleNamespace(sample_rate=RATE, spike_samples=samples, clock=clock)
    return Snapshot(1, model, (2, 0), spikes, clusters, {})  # type: ignore[arg-type]


def test_rates_are_those_of_each_train(snapshot):
    data = load(snapshot, RateParams(), never)
    n_bins = len(data.edges) - 1
    assert 70 < n_bins < 80
    for k, c in enumerate((2, 0)):
        train = snapshot.shank.spike_samples[snapshot.spikes(c)].astype(int)
        np.testing.assert_allclose(data.rates[k] @ np.diff(data.edges), len(train))
        counts = np.histogram(train / RATE, data.edges)[0]
        np.testing.assert_allclose(data.rates[k] * np.diff(data.edges), counts, atol=1.01)
    fine = load(snapshot, RateParams(bin=0.2), never)
    for k, c in enumerate((2, 0)):
        train = snapshot.shank.spike_samples[snapshot.spikes(c)].astype(int)
        np.testing.assert_allclose(fine.rates[k], firing_rate_histogram(train, RATE, 20.0, 100))
    assert data.boundaries == (6.0,)


def test_the_last_bin_may_be_shorter(snapshot):
    data = load(snapshot, RateParams(bin=3.0), never)
    np.testing.assert_allclose(data.edges, [0, 3, 6, 9, 12, 15, 18, 20])
    train = snapshot.shank.spike_samples[snapshot.spikes(2)] / RATE
    np.testing.assert_allclose(data.rates[0, -1], np.sum(train >= 18) / 2)
    np.testing.assert_allclose(data.rates[0, 1], np.sum((train >= 3) & (train < 6)) / 3)


def test_tiny_bins_are_bounded(snapshot):
    assert load(snapshot, RateParams(bin=1e-6), never).rates.shape == (2, 5000)


def test_cancelled_and_empty(snapshot):
    with pytest.raises(Cancelled):
        load(snapshot, RateParams(), lambda: True)
    nothing = Snapshot(1, snapshot.shank, (), {}, snapshot.spike_clusters, {})
    assert isinstance(load(nothing, RateParams(), never), Empty)


@pytest.fixture
def view(shown, snapshot):
    view = RateView(RateParams(bin=1.0))
    return shown(view, load(snapshot, view.params, never), SIZE)


@pytest.mark.parametrize("name", ["dark", "light"])
def test_stairs_are_painted_at_their_height(view, picture, name):
    view.set_theme(name)
    image = picture(view)
    color = theme(name).clusters[0][:3].astype(int)
    for k in range(20):
        x, y = view.to_pixels(0, k + 0.5, view.data.rates[0, k])
        around = image[int(y) - 1 : int(y) + 2, int(x)]
        assert np.abs(around - color).max(axis=1).min() < 30
    assert {"time (s)", "spikes/s"} <= {label.text for label in view.all_labels}


def test_interactions(view, mouse, qtbot):
    said = []
    view.hovered.connect(said.append)
    rate = view.data.rates[1, 7]
    mouse(view).move(view.to_pixels(0, 7.5, rate))
    expected = int(np.argmin(np.abs(view.data.rates[:, 7] - rate)))
    assert f"cluster {(2, 0)[expected]}: {rate:.3g} spikes/s" in said[-1]
    with qtbot.waitSignal(view.time_clicked) as caught:
        mouse(view).click(view.to_pixels(0, 7.5, rate), held=Qt.KeyboardModifier.ControlModifier)
    assert caught.args[0] == pytest.approx(7.5, abs=0.1)
    mouse(view).wheel(view.to_pixels(0, 10, 1), 3, Qt.KeyboardModifier.ControlModifier)
    assert view.cells[0].y.view[0] == 0
    assert view.cells[0].y.view[1] < view.cells[0].y.high


def test_the_cursor_is_a_line(view, picture):
    view.set_cursor(11.3)
    image = picture(view)
    x = view.to_pixels(0, 11.3, 0)[0]
    _, top, _, height = view.layout.boxes[0].astype(int)
    column = image[top + 2 : top + height - 2, int(x) - 1 : int(x) + 2]
    assert (column.min(axis=2) > 130).any(axis=1).mean() > 0.8


def test_the_scale_stays_for_other_rates(view, mouse):
    mouse(view).wheel(view.to_pixels(0, 10, 1), 3, Qt.KeyboardModifier.ControlModifier)
    before = view.cells[0].y.view
    assert before == (0.0, view.cells[0].y.high / 1.6)
    view.set_data(view.data)
    assert view.cells[0].y.view == before
    view.reset_view()
    view.set_data(view.data)
    assert not view.cells[0].y.is_moved


def with_a_gap(snapshot: Snapshot) -> None:
    """The second recording begins ten seconds after the first has ended, and spikes are mixed."""
    model = snapshot.shank
    timeline = Timeline(np.array([0, 320_000]), np.array([120_000, 280_000]))
    samples = model.spike_samples.copy()
    samples[samples >= 120_000] += np.uint64(200_000)
    order = np.random.default_rng(1).permutation(len(samples))
    samples, snapshot.spike_clusters[:] = samples[order], snapshot.spike_clusters[order]
    for c in range(4):
        snapshot.spikes_per_cluster[c] = np.flatnonzero(snapshot.spike_clusters == c)  # type: ignore[index]
    model.spike_samples = samples
    model.clock = SpikeClock(samples, timeline, RATE)


@pytest.mark.parametrize("bin_width", [0.0, 3.0])
def test_rates_count_what_was_recorded(snapshot, bin_width):
    with_a_gap(snapshot)
    data = load(snapshot, RateParams(bin=bin_width), never)
    assert data.gaps == ((6.0, 16.0),)
    assert data.boundaries == (16.0,)
    k = data.edges.tolist().index(6.0)
    assert data.edges[k + 1] == 16.0
    assert np.isnan(data.rates[:, k]).all()
    recorded = np.delete(np.arange(data.rates.shape[1]), k)
    assert len(recorded) == (74 if bin_width == 0 else 7)
    for row, c in enumerate((2, 0)):
        train = snapshot.shank.spike_samples[snapshot.spikes(c)] / RATE
        counts = np.histogram(train, data.edges)[0]
        np.testing.assert_allclose(
            data.rates[row] * np.diff(data.edges),
            np.where(np.arange(len(counts)) == k, np.nan, counts),
        )


def test_a_gap_is_drawn_as_a_band_without_a_line(snapshot, shown, picture):
    with_a_gap(snapshot)
    view = shown(RateView(), load(snapshot, RateParams(), never), (700, 300))
    found = picture(view)
    left, top, width, height = (round(v) for v in view.layout.boxes[0])

    def row(seconds: float) -> int:
        return round(left + width * seconds / 30.0)

    background = found[top + 3, row(3.0)]
    band = found[top + 3 : top + height - 3, row(7.0) : row(15.0)]
    # Only lines of the grid are in it, which have no colour of a cluster.
    assert (np.ptp(band, axis=2) < 30).all()
    assert np.abs(band[0, 0] - background).max() > 8
    assert view.describe(0, 10.0, 0.0) == "10 s: not recorded"
    assert "spikes/s" in view.describe(0, 20.0, 0.0)


def test_bins_are_wider_where_there_are_few_spikes():
    assert bins_for([100_000, 50_000]) == 100
    assert bins_for([500]) == 50
    assert bins_for([500, 400, 3]) == 40
    assert bins_for([1, 2]) == 20


def test_a_time_range_has_as_many_bins_as_its_spikes_allow(snapshot):
    within = TimeRange(5.0, 15.0).snapshot(snapshot)
    n_spikes = np.median([len(within.spikes(c)) for c in within.cluster_ids])
    data = load(within, RateParams(), never)
    assert n_spikes > 300
    assert len(data.edges) - 1 == pytest.approx(n_spikes / 10, abs=2)

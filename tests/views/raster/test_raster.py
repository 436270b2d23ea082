"""The raster view: its numbers, its picture, its interactions."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from qtpy.QtCore import Qt

from phygui.curation.statistics.snapshot import Snapshot
from phygui.dataset.clock import SpikeClock
from phygui.dataset.timeline import Timeline
from phygui.views.core.base import Cancelled, Empty
from phygui.views.core.colors import theme
from phygui.views.raster import rates as module
from phygui.views.raster.rates import N_BINS
from phygui.views.raster.view import RasterParams, RasterView, load

RATE = 20_000.0
SIZE = (500, 300)


def never() -> bool:
    return False


@pytest.fixture
def snapshot() -> Snapshot:
    rng = np.random.default_rng(0)
    samples = np.sort(rng.integers(0, 400_000, 3000)).astype(np.uint64)
    clusters = rng.choice(6, 3000, p=[0.3, 0.3, 0.1, 0.1, 0.1, 0.1]).astype(np.int32)
    # Cluster 3 fires in the second half only.
    clusters[(samples < 200_000) & (clusters == 3)] = 1
    spikes = {c: np.flatnonzero(clusters == c) for c in range(6)}
    clock = SpikeClock(samples, Timeline.joined([120_000, 280_000]), RATE)
    model = SimpleNamespace(sample_rate=RATE, spike_samples=samples, clock=clock)
    return Snapshot(1, model, (3, 5), spikes, clusters, {})  # type: ignore[arg-type]


def test_rates_are_those_of_each_train(snapshot):
    data = load(snapshot, RasterParams(), never)
    assert data.cluster_ids == (0, 1, 2, 3, 4, 5)
    assert data.boundaries == (6.0,)
    for c in range(6):
        train = snapshot.shank.spike_samples[snapshot.spikes(c)].astype(int)
        bins = np.minimum(train * N_BINS // 400_000, N_BINS - 1)
        expected = np.bincount(bins, minlength=N_BINS) * N_BINS / 20.0
        np.testing.assert_allclose(data.rates[c], expected, rtol=1e-5)


def test_an_edit_counts_the_spikes_of_new_clusters_only(snapshot, monkeypatch):
    before = load(snapshot, RasterParams(), never)
    counted = []
    count = module.counts_between

    def counting(clock, spike_ids, ranks):
        counted.append(len(spike_ids))
        return count(clock, spike_ids, ranks)

    monkeypatch.setattr(module, "counts_between", counting)
    again = load(replace(snapshot, cluster_ids=(1,)), RasterParams(order="selection"), never)
    assert not counted
    np.testing.assert_array_equal(again.rates[0], before.rates[1])
    merged = np.sort(np.concatenate([snapshot.spikes(0), snapshot.spikes(1)]))
    kept = {c: of for c, of in snapshot.spikes_per_cluster.items() if c > 1}
    edited = replace(snapshot, spikes_per_cluster={**kept, 6: merged})
    after = load(edited, RasterParams(), never)
    assert counted == [len(merged)]
    np.testing.assert_allclose(after.rates[-1], before.rates[0] + before.rates[1], rtol=1e-6)
    # Other bins, other counts.
    load(replace(snapshot, time_range=(0.0, 5.0)), RasterParams(), never)
    assert len(counted) == 1 + 6


def test_order(snapshot):
    by_number = load(snapshot, RasterParams(order="number of spikes"), never).cluster_ids
    n_spikes = [len(snapshot.spikes(c)) for c in by_number]
    assert n_spikes == sorted(n_spikes, reverse=True)
    by_selection = load(snapshot, RasterParams(order="selection"), never).cluster_ids
    assert by_selection == (3, 5, 0, 1, 2, 4)


def test_cancelled_and_empty(snapshot):
    with pytest.raises(Cancelled):
        load(snapshot, RasterParams(), lambda: True)
    nothing = Snapshot(1, snapshot.shank, (), {}, np.empty(0, np.int32), {})
    assert isinstance(load(nothing, RasterParams(), never), Empty)


@pytest.fixture
def view(shown, snapshot):
    view = RasterView()
    return shown(view, load(snapshot, view.params, never), SIZE)


@pytest.mark.parametrize("name", ["dark", "light"])
def test_rows_are_painted_in_their_colours(view, picture, name):
    view.set_theme(name)
    image = picture(view).astype(int)
    background = theme(name).roles["background"][:3].astype(int)

    def row_of(cluster_id, start, stop):
        y = int(view.to_pixels(0, 0, -cluster_id)[1])
        a, b = (int(view.to_pixels(0, t, 0)[0]) for t in (start, stop))
        return image[y, a:b]

    silent = row_of(3, 1, 9)
    assert np.abs(silent - background).max(axis=1).mean() < 10
    color = theme(name).clusters[0][:3].astype(float) - background
    busy = row_of(3, 11, 19) - background
    painted = busy[np.abs(busy).max(axis=1) > 30]
    assert len(painted) > 20
    cosine = painted @ color / np.linalg.norm(painted, axis=1) / np.linalg.norm(color)
    assert cosine.min() > 0.97
    grey = row_of(0, 1, 19)
    assert np.ptp(grey, axis=1).max() < 25


def test_names(view, picture):
    picture(view)
    labels = {label.text: label.color for label in view.all_labels}
    assert labels["3"] == 0
    assert labels["5"] == 1
    assert labels["0"] < 0
    assert "time (s)" in labels


@pytest.mark.parametrize("height", [60, 90, 160, 300])
@pytest.mark.parametrize("selected", [(3,), (3, 4), (5, 4, 3, 2, 1, 0)])
def test_names_of_rows_do_not_overlap(snapshot, shown, picture, height, selected):
    chosen = replace(snapshot, cluster_ids=selected)
    view = shown(RasterView(), load(chosen, RasterParams(), never), (500, height))
    picture(view)
    names = [label for label in view.all_labels if label.align == ("right", "center")]
    assert np.diff(np.sort([label.y for label in names])).min(initial=99) >= 9
    # That of the first selected one is always there.
    assert [label.color for label in names if label.text == str(selected[0])] == [0]


def test_a_marked_time_is_a_line(view, picture):
    view.set_cursor(11.3)
    with_line = picture(view).astype(int)
    view.set_cursor(None)
    changed = np.abs(picture(view) - with_line).max(axis=2) > 30
    _, columns = np.nonzero(changed)
    assert np.abs(columns - view.to_pixels(0, 11.3, 0)[0]).max() < 2
    assert changed.any(axis=1).mean() > 0.8


def test_interactions(view, mouse, qtbot):
    said = []
    view.hovered.connect(said.append)
    mouse(view).move(view.to_pixels(0, 12.0, -4.2))
    assert "cluster 4: " in said[-1]
    with qtbot.waitSignal(view.cluster_clicked) as caught:
        mouse(view).click(view.to_pixels(0, 12.0, -1.8), held=Qt.KeyboardModifier.ControlModifier)
    assert caught.args == [2]
    with qtbot.waitSignal(view.time_clicked) as caught:
        mouse(view).click(
            view.to_pixels(0, 12.0, -1.8),
            Qt.MouseButton.RightButton,
            Qt.KeyboardModifier.ControlModifier,
        )
    assert caught.args[0] == pytest.approx(12.0, abs=0.05)


def test_a_gap_is_neither_a_silence_nor_a_row(snapshot, shown, picture):
    model = snapshot.shank
    samples = model.spike_samples.copy()
    samples[samples >= 120_000] += np.uint64(200_000)
    timeline = Timeline(np.array([0, 320_000]), np.array([120_000, 280_000]))
    model.clock = SpikeClock(samples, timeline, RATE)
    data = load(snapshot, RasterParams(), never)
    assert data.span == (0.0, 30.0)
    assert data.gaps == ((6.0, 16.0),)
    assert data.boundaries == (16.0,)
    width = 30.0 / N_BINS
    whole = np.delete(data.rates, [round(6.0 / width), round(16.0 / width)], axis=1)
    assert not data.rates[:, 301:799].any()
    for c in range(6):
        assert abs(whole[c].sum() * width - len(snapshot.spikes(c))) < 30
    view = shown(RasterView(), data, (700, 300))
    found = picture(view)
    left, top, across, height = (round(v) for v in view.layout.boxes[0])
    middle = found[top + 3 : top + height - 3, round(left + across * 11 / 30)]
    assert (middle == middle[0]).all()
    assert view.describe(0, 11.0, 0.0) == "11 s, cluster 0: not recorded"

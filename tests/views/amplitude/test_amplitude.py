"""Amplitude view: its data against plain numpy, its picture, its lasso."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import Qt

from phygui.formats.kwik.shank import KwikShank
from phygui.views.amplitude import view as amplitude
from phygui.views.amplitude.view import AmplitudeParams, AmplitudeView
from phygui.views.core.base import Cancelled, Empty
from phygui.views.core.colors import theme
from phygui.views.core.lasso import Lasso
from phygui.views.data.attributes import amplitudes, ruler_in
from phygui.views.data.intervals import interval_ticks


def never():
    return False


@pytest.fixture
def snapshot(small_model, snapshot_of):
    ids, counts = np.unique(small_model.spike_clusters, return_counts=True)
    return snapshot_of(small_model, [int(c) for c in ids[np.argsort(-counts)][:2]])


@pytest.fixture
def view(shown, snapshot):
    return shown(
        AmplitudeView(), AmplitudeView.load(snapshot, AmplitudeParams(), never), (800, 400)
    )


def test_load_gives_the_amplitudes_of_all_spikes_up_to_the_bound(small_model, snapshot):
    data = AmplitudeView.load(snapshot, AmplitudeParams(), never)
    wanted = np.sort(np.concatenate([snapshot.spikes(c) for c in snapshot.cluster_ids]))
    np.testing.assert_array_equal(data.spike_ids, wanted)
    np.testing.assert_allclose(data.amplitudes, amplitudes(snapshot, wanted, never))
    np.testing.assert_array_equal(data.times, small_model.spike_times[wanted])
    clusters = small_model.spike_clusters[wanted]
    np.testing.assert_array_equal(np.array(data.cluster_ids)[data.colors], clusters)
    few = AmplitudeView.load(snapshot, AmplitudeParams(n_spikes=10), never)
    assert np.all(np.bincount(few.colors) == 10)


def test_profiles_are_shares_that_are_spread_a_little(snapshot):
    data = AmplitudeView.load(snapshot, AmplitudeParams(), never)
    assert np.all(data.shares.sum(axis=1) <= 100 + 1e-9)
    assert np.all(data.shares.sum(axis=1) > 90)
    middle = (data.edges[:-1] + data.edges[1:]) / 2
    for k in range(2):
        own = data.amplitudes[data.colors == k]
        own = own[(own > data.edges[0]) & (own < data.edges[-1])]
        assert np.average(middle, weights=data.shares[k]) == pytest.approx(own.mean(), rel=0.02)
        # Wider than the spikes are, but not by much.
        at = np.average(middle, weights=data.shares[k])
        spread = np.sqrt(np.average((middle - at) ** 2, weights=data.shares[k]))
        assert own.std() < spread * 1.02 < 1.15 * own.std() + np.diff(data.edges)[0]


def test_a_handful_of_spikes_is_no_handful_of_bars(snapshot):
    best = snapshot.cluster_ids[0]
    lists = {**snapshot.spikes_per_cluster, best: snapshot.spikes(best)[:5]}
    few = replace(snapshot, cluster_ids=(best,), spikes_per_cluster=lists)
    data = AmplitudeView.load(few, AmplitudeParams(n_spikes=5), never)
    assert len(data.spike_ids) == 5
    assert data.shares.max() < 20
    assert np.count_nonzero(data.shares) > 10
    assert data.shares.sum() > 95


def test_one_huge_spike_of_a_small_cluster_does_not_squash_the_others(
    small_model, snapshot_of, monkeypatch
):
    ids, counts = np.unique(small_model.spike_clusters, return_counts=True)
    cluster = int(ids[np.argmin(np.abs(counts - 20))])
    snapshot = snapshot_of(small_model, [cluster])
    spikes = snapshot.spikes(cluster)
    values = np.linspace(80, 120, len(spikes))
    values[len(spikes) // 2] *= 300
    monkeypatch.setattr("phygui.views.amplitude.view.measured", lambda *args: values)
    data = AmplitudeView.load(snapshot, AmplitudeParams(n_spikes=3001), never)
    assert 10 <= len(spikes) < 50
    assert 120 < data.edges[-1] < 200


def test_empty_states_and_cancelling(small_model, snapshot_of, snapshot):
    nothing = AmplitudeView.load(snapshot_of(small_model, []), AmplitudeParams(), never)
    assert "Select a cluster" in nothing.reason
    with pytest.raises(Cancelled):
        AmplitudeView.load(snapshot, AmplitudeParams(n_spikes=11), lambda: True)
    for suffix in (".kwx", ".dat"):
        small_model.path.with_suffix(suffix).unlink()
    from phygui import KwikModel

    with KwikModel(small_model.path) as model:
        empty = AmplitudeView.load(
            replace(snapshot, shank=KwikShank(model)), AmplitudeParams(), never
        )
    assert isinstance(empty, Empty)


def test_points_and_profiles_are_where_they_are(view, picture):
    view.marker_size = 8
    image = picture(view)
    data = view.data
    background = theme().roles["background"][:3]
    for spike in range(0, len(data.times), 5):
        if data.amplitudes[spike] < data.edges[-1]:
            x, y = view.to_pixels(0, data.times[spike], data.amplitudes[spike])
            near = image[int(y) - 1 : int(y) + 2, int(x) - 1 : int(x) + 2]
            assert np.abs(near - background).max() > 30
    k, b = np.unravel_index(np.argmax(data.shares), data.shares.shape)
    middle = (data.edges[b] + data.edges[b + 1]) / 2
    x, y = view.to_pixels(1, data.shares[k, b] / 2, middle)
    assert np.abs(image[int(y), int(x)] - background).max() > 30
    x, y = view.to_pixels(1, data.shares[:, b].max() * 1.05, middle)
    assert np.abs(image[int(y), int(x)] - background).max() < 10


def test_clusters_are_measured_together_as_one_by_one(small_model, snapshot_of, monkeypatch):
    ids = [int(c) for c in np.unique(small_model.spike_clusters)[:6]]
    snapshot, calls = snapshot_of(small_model, ids), []
    plain = amplitude.measured
    monkeypatch.setattr(amplitude, "measured", lambda *a: calls.append(a) or plain(*a))
    # Another number of spikes than in any other test: what is known is not measured again.
    data = AmplitudeView.load(snapshot, AmplitudeParams(n_spikes=13), never)
    rulers = [ruler_in(snapshot, c, never) for c in ids]
    assert len(calls) == len({(r.channel, r.sample, r.factor) for r in rulers})
    for k, (cluster, ruler) in enumerate(zip(ids, rulers, strict=True)):
        own = data.colors == k
        assert np.isin(data.spike_ids[own], snapshot.spikes(cluster)).all()
        expected = plain(snapshot, data.spike_ids[own], ruler, never)
        np.testing.assert_array_equal(data.amplitudes[own], expected)
    monkeypatch.setattr(amplitude, "_MOST_PROFILES", 2)
    assert len(AmplitudeView.load(snapshot, AmplitudeParams(n_spikes=13), never).shares) == 2


def test_the_lasso_works_on_points_and_not_on_the_histogram(view, mouse, snapshot, small_model):
    top, middle = float(view.data.edges[-1]), float(np.median(view.data.amplitudes))
    end = view.data.span[1]
    for x, y in [(0, middle), (end, middle), (end, top), (0, top)]:
        px, py = view.to_pixels(0, x, y)
        left, low, width, height = view.layout.boxes[0]
        at = (np.clip(px, left + 1, left + width - 1), np.clip(py, low + 1, low + height - 1))
        mouse(view).click(at, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier)
    lasso = view.lasso
    assert (lasso.x, lasso.y) == ("time", "amplitude")
    found = AmplitudeView.spikes_in_lasso(snapshot, AmplitudeParams(), lasso, never)
    every = np.sort(np.concatenate([snapshot.spikes(c) for c in snapshot.cluster_ids]))
    sizes, times = amplitudes(snapshot, every, never), small_model.spike_times[every]
    (x0, y0), (x1, y1) = lasso.points.min(axis=0), lasso.points.max(axis=0)
    y0 = lasso.points[:2, 1].max()
    sure = every[(sizes > y0) & (sizes < y1) & (times > x0) & (times < x1)]
    assert len(found) >= len(sure) > 20
    view.clear_lasso()
    left, low, width, height = view.layout.boxes[1]
    mouse(view).click(
        (left + width / 2, low + height / 2),
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.ControlModifier,
    )
    assert view.lasso is None


def test_ctrl_wheel_scales_amplitude_only(view, mouse):
    left, top, width, height = view.layout.boxes[0]
    before = view.cells[0].y.view
    mouse(view).wheel((left + width / 2, top + height / 2), 1, Qt.KeyboardModifier.ControlModifier)
    np.testing.assert_allclose(view.cells[0].y.view, np.divide(before, 1.2))
    assert not view.cells[0].x.is_moved
    assert view.cells[1].y is view.cells[0].y


def test_hover_and_highlight(view, mouse, picture):
    said = []
    view.hovered.connect(said.append)
    data = view.data
    spike = int(np.argmin(np.abs(data.amplitudes - np.median(data.amplitudes))))
    mouse(view).move(view.to_pixels(0, data.times[spike], data.amplitudes[spike]))
    assert said[-1].startswith("spike ")
    assert view.cells[0].y.label == "amplitude (µV)"
    size = said[-1].rpartition("amplitude ")[2].split()[0]
    assert float(size) == pytest.approx(data.amplitudes[spike], rel=0.05)
    mouse(view).move(view.to_pixels(1, 1.0, data.amplitudes[spike]))
    assert "%" in said[-1]
    white = np.count_nonzero(picture(view).min(axis=2) > 250)
    view.highlight(data.spike_ids[:10])
    assert np.count_nonzero(picture(view).min(axis=2) > 250) > white + 30


def test_the_cursor_is_a_line_over_time_only(view, picture):
    plain = picture(view)
    view.set_cursor(1.234)
    rows, columns = np.nonzero(np.abs(picture(view) - plain).max(axis=2) > 30)
    assert np.abs(columns - view.to_pixels(0, 1.234, 0)[0]).max() < 2
    height = view.layout.boxes[0, 3]
    assert len(np.unique(rows)) > 0.9 * height
    # It follows the axes, also zoomed out.
    view.cells[0].y.zoom(0.05, 0.0)
    view.cells[0].x.show(1.0, 2.0)
    view.refresh()
    lined = picture(view)
    view.set_cursor(None)
    rows, columns = np.nonzero(np.abs(picture(view) - lined).max(axis=2) > 30)
    assert np.abs(columns - view.to_pixels(0, 1.234, 0)[0]).max() < 2
    assert len(np.unique(rows)) > 0.9 * height


def test_the_detection_threshold_is_a_line_where_it_is_known(small_model, snapshot, shown, picture):
    data = AmplitudeView.load(snapshot, AmplitudeParams(), never)
    ruler = ruler_in(snapshot, snapshot.cluster_ids[0], never)
    column = int(small_model.channel_order[ruler.channel])
    filtered = small_model.filter.apply(small_model.traces[:][:, [column]])
    noise = np.median(np.abs(filtered - np.median(filtered))) / 0.6745
    gain = abs(float(snapshot.shank.channel_gains[ruler.channel]))
    assert small_model.detection_factor == 4.5
    assert data.threshold == pytest.approx(4.5 * noise * gain, rel=0.05)
    view = shown(AmplitudeView(), data, (600, 400))
    image = picture(view)
    left, _, width, _ = view.layout.boxes[0].astype(int)
    y = round(view.to_pixels(0, 0, data.threshold)[1])
    dim = theme().roles["dim"][:3]
    line = np.abs(image[y - 1 : y + 2, left + 2 : left + width - 2] - dim).max(axis=2) < 12
    assert line.mean(axis=1).max() > 0.7
    [label] = [a for a in view.all_labels if a.text == "detection threshold"]
    assert label.y == pytest.approx(y, abs=2)
    # Spikes do not hide its name.
    n = 3_000
    rng = np.random.default_rng(0)
    dense = replace(
        data,
        spike_ids=np.arange(n),
        colors=np.zeros(n, np.int64),
        times=rng.uniform(*data.span, n),
        amplitudes=np.full(n, data.threshold + 0.03 * (data.edges[-1] - data.edges[0])),
    )
    view.set_data(dense)
    image = picture(view)
    y = round(view.to_pixels(0, 0, data.threshold)[1])
    left, _, width, _ = view.layout.boxes[0].astype(int)
    right = left + width
    rows = np.ptp(image[y - 12 : y - 3].astype(int), axis=2)
    named, beside = rows[:, right - 100 : right - 6], rows[:, left + 20 : left + 114]
    assert named.mean() < 0.5 * beside.mean()
    # Without it there is none.
    view.set_data(replace(data, threshold=None))
    picture(view)
    assert "detection threshold" not in {a.text for a in view.all_labels}


def test_no_threshold_is_made_up(snapshot, monkeypatch):
    monkeypatch.setattr(KwikShank, "detection_factor", None)
    assert AmplitudeView.load(snapshot, AmplitudeParams(), never).threshold is None


def test_intervals_over_time_are_those_since_the_spike_before_and_take_a_lasso(
    small_model, snapshot, shown, picture
):
    params = AmplitudeParams(value="interval", n_spikes=20)
    data = AmplitudeView.load(snapshot, params, never)
    assert data.label == "interval (ms)"
    times, n_seen = np.asarray(small_model.spike_times), 0
    for spike, place, value in zip(data.spike_ids, data.colors, data.amplitudes, strict=True):
        own = snapshot.spikes(data.cluster_ids[place])
        k = int(np.searchsorted(own, spike))
        if k:
            assert 10**value == pytest.approx(1000 * (times[own[k]] - times[own[k - 1]]))
            n_seen += 1
        else:
            assert np.isnan(value)
    assert n_seen > 30
    view = shown(AmplitudeView(params), data, (700, 400))
    low, high = view.cells[0].y.view
    assert {"10", "100"} & {text for _, text in view.cells[0].y.ticks(low, high, 6)}
    x, y = view.to_pixels(0, data.times[5], data.amplitudes[5])
    found = data.amplitudes[5]
    assert f"{10**found:.4g} ms after the one before" in view.text_at((x, y))
    # All spikes that come within 20 ms, also those not drawn.
    corners = np.array([(0, -5), (1e6, -5), (1e6, np.log10(20)), (0, np.log10(20))])
    lasso = Lasso("time", "interval", 0, corners, True)
    inside = AmplitudeView.spikes_in_lasso(snapshot, params, lasso, never)
    wanted = []
    for cluster in snapshot.cluster_ids:
        own = snapshot.spikes(cluster)
        wanted += own[1:][np.diff(times[own]) < 0.02].tolist()
    assert inside.tolist() == sorted(wanted)


def test_ticks_of_intervals_are_powers_of_ten_or_round_within_a_decade():
    assert interval_ticks(-0.5, 3.2, 6) == [(0, "1"), (1, "10"), (2, "100"), (3, "1000")]
    assert [t for _, t in interval_ticks(-0.5, 3.2, 2)] == ["1", "100"]
    within = interval_ticks(1.1, 1.9, 4)
    assert [text for _, text in within] == ["20", "40", "60"]
    assert within[0][0] == pytest.approx(np.log10(20))

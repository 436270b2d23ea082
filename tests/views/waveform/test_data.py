"""What the waveform view loads, against plain numpy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from phygui.formats.kwik.shank import KwikShank
from phygui.views.core.base import Cancelled, Empty
from phygui.views.core.visuals import text_width
from phygui.views.data.draw_budget import Budget
from phygui.views.waveform import data as waveform_data
from phygui.views.waveform.data import WaveformParams
from phygui.views.waveform.shown import lines_of, shown_of
from phygui.views.waveform.view import WaveformView, vertical_range


def never():
    return False


def test_load_gives_the_waveforms_in_microvolts(small_model, snapshot):
    data = WaveformView.load(snapshot, WaveformParams(n_spikes=20), never)
    plain = small_model.waveforms[data.spike_ids] * small_model.voltage_gain
    np.testing.assert_allclose(data.waveforms, plain[:, :, data.channels], rtol=1e-5)
    np.testing.assert_array_equal(
        data.unmasked, small_model.masks[data.spike_ids][:, data.channels] > 0
    )
    clusters = small_model.spike_clusters[data.spike_ids]
    np.testing.assert_array_equal(np.array(snapshot.cluster_ids)[data.colors], clusters)
    assert np.all(np.diff(data.spike_ids) > 0)
    for k in range(2):
        own = data.waveforms[data.colors == k]
        assert len(own) <= 20
        np.testing.assert_allclose(data.means[k], own.mean(axis=0), rtol=1e-4, atol=1e-3)
        np.testing.assert_allclose(data.deviations[k], own.std(axis=0), rtol=1e-4, atol=1e-3)
    names = [str(int(c)) for c in np.asarray(small_model.channel_order)[data.channels]]
    assert list(data.channel_names) == names
    assert data.times[small_model.n_samples_before] == 0
    np.testing.assert_allclose(np.diff(data.times), 1000 / small_model.sample_rate)


def test_channels_by_masks_or_all(small_model, snapshot):
    every = WaveformView.load(snapshot, WaveformParams(channels="all"), never)
    assert list(every.channels) == list(range(small_model.n_channels))
    some = WaveformView.load(snapshot, WaveformParams(channels="masks"), never)
    part = np.max(
        [(small_model.masks[snapshot.spikes(c)] > 0).mean(axis=0) for c in snapshot.cluster_ids],
        axis=0,
    )
    assert set(np.flatnonzero(part > 0.4)) <= set(some.channels.tolist())
    assert not set(np.flatnonzero(part < 0.1)) & set(some.channels.tolist())


def test_channels_by_hand(small_model, snapshot):
    assert waveform_data.parse_channels("7, 2-4  9", [9, 4, 3, 2, 1, 7]).tolist() == [0, 1, 2, 3, 5]
    assert waveform_data.parse_channels("", [1, 2]).tolist() == []
    names = [int(c) for c in small_model.channel_order]
    data = WaveformView.load(snapshot, WaveformParams(chosen=f"{names[3]} {names[1]}"), never)
    assert data.channels.tolist() == [1, 3]
    for wrong in ("x", "3-", "-3"):
        found = WaveformView.load(snapshot, WaveformParams(chosen=wrong), never)
        assert isinstance(found, Empty)


def test_channels_that_the_group_lacks_are_said_and_others_shown(
    small_model, snapshot, shown, picture
):
    plain = WaveformView.load(snapshot, WaveformParams(), never)
    names = [int(c) for c in small_model.channel_order]
    some = WaveformView.load(snapshot, WaveformParams(chosen=f"1000-1003 {names[2]}"), never)
    assert some.channels.tolist() == [2]
    assert not some.absent
    params = WaveformParams(chosen="1000,  1002-1003")
    data = WaveformView.load(snapshot, params, never)
    np.testing.assert_array_equal(data.channels, plain.channels)
    np.testing.assert_array_equal(data.waveforms, plain.waveforms)
    for width, wanted in (
        (800, "no channel 1000, 1002-1003 on this shank"),
        (340, "no channel 1000, 1002-1003"),
    ):
        view = shown(WaveformView(params), data, (width, 400))
        picture(view)
        assert wanted in view.summary
        [said] = [a for a in view.all_labels if "no channel" in a.text]
        assert wanted in said.text
        assert said.x - text_width(said.text) > 80
    view.set_data(plain)
    assert "channel" not in view.summary


def test_a_second_load_reads_nothing(snapshot, monkeypatch):
    params = WaveformParams(n_spikes=17)
    first = WaveformView.load(snapshot, params, never)
    monkeypatch.setattr(type(snapshot.shank), "waveforms", property(lambda self: {}))
    second = WaveformView.load(snapshot, params, never)
    np.testing.assert_array_equal(first.waveforms, second.waveforms)


def test_clusters_are_read_together_and_each_only_where_it_is(
    small_model, snapshot_of, monkeypatch
):
    ids = [int(c) for c in np.unique(small_model.spike_clusters)[:4]]
    snapshot, asked = snapshot_of(small_model, ids), []
    read = waveform_data._waveforms
    monkeypatch.setattr(
        waveform_data, "_waveforms", lambda *a: asked.append((len(a[1]), len(a[2]))) or read(*a)
    )
    params = WaveformParams(n_spikes=30, channels="all")
    every = WaveformView.load(snapshot, params, never)
    assert asked == [(len(every.spike_ids), small_model.n_channels)]
    assert every.present.all()
    monkeypatch.setattr(waveform_data, "_MOST_PAIRS", 10)
    some = WaveformView.load(snapshot, params, never)
    assert 0 < some.present.mean() < 0.9
    np.testing.assert_array_equal(some.present | ~some.cluster_unmasked, True)
    for k in range(4):
        own, there = some.colors == k, some.present[k]
        np.testing.assert_allclose(
            some.waveforms[own][:, :, there],
            every.waveforms[own][:, :, there],
            rtol=1e-4,
            atol=1e-3,
        )
        np.testing.assert_array_equal(some.waveforms[own][:, :, ~there], 0)
        np.testing.assert_allclose(
            some.means[k][:, there], every.means[k][:, there], rtol=1e-4, atol=1e-3
        )
    assert np.all(some.reach[1] <= every.reach[1] + 1e-3)


def test_many_clusters_share_the_bound(small_model, snapshot_of, monkeypatch):
    monkeypatch.setattr(waveform_data, "_BUDGET", Budget(100, 12, 4000))
    ids = [int(c) for c in np.unique(small_model.spike_clusters)[:4]]
    data = WaveformView.load(snapshot_of(small_model, ids), WaveformParams(), never)
    assert np.all(np.bincount(data.colors) <= 3)


def test_empty_states(small_model, snapshot_of, snapshot):
    nothing = WaveformView.load(snapshot_of(small_model, []), WaveformParams(), never)
    assert "Select a cluster" in nothing.reason
    small_model.path.with_suffix(".dat").unlink()
    from phygui import KwikModel

    with KwikModel(small_model.path) as model:
        empty = WaveformView.load(
            replace(snapshot, shank=KwikShank(model)), WaveformParams(), never
        )
    assert isinstance(empty, Empty)
    assert f"{small_model.path.stem}.dat" in empty.reason


def test_without_masks_every_channel_counts(small_model, snapshot):
    small_model.path.with_suffix(".kwx").unlink()
    from phygui import KwikModel

    with KwikModel(small_model.path) as model:
        without = replace(snapshot, shank=KwikShank(model))
        data = WaveformView.load(without, WaveformParams(), never)
    assert data.unmasked.all()


def test_load_can_be_cancelled(snapshot):
    with pytest.raises(Cancelled):
        WaveformView.load(snapshot, WaveformParams(n_spikes=19), lambda: True)


def test_there_is_room_for_what_reaches_out_of_the_outermost_boxes(small_model, snapshot):
    everywhere = WaveformView.load(snapshot, WaveformParams(channels="all"), never)
    best = int(np.ptp(everywhere.means, axis=1).max(axis=0).argmax())
    params = WaveformParams(chosen=str(small_model.channel_order[best]))
    data = WaveformView.load(snapshot, params, never)
    drawn = data.layout.centers[:, 1] + data.waveforms / data.full_scale * data.layout.height
    low, high = vertical_range(data)
    inside = (drawn.min(axis=1) >= low) & (drawn.max(axis=1) <= high)
    assert inside.mean() > 0.97
    assert drawn.min() < data.layout.limits[2] - 0.25, "the old room is too little for them"
    # The step is the same for clusters of about the same size, and artefacts cannot spoil it.
    assert vertical_range(replace(data, reach=1.02 * data.reach)) == (low, high)
    bottom, top = vertical_range(replace(data, reach=100 * data.reach))
    assert top - bottom <= 9 * data.layout.height


@pytest.fixture
def many(small_model, snapshot_of):
    ids = [int(c) for c in np.unique(small_model.spike_clusters)[:8]]
    return snapshot_of(small_model, ids)


@pytest.mark.parametrize("show", ["spikes", "mean", "residual", "density"])
def test_what_is_drawn_is_made_where_it_is_read(snapshot, show):
    data = WaveformView.load(snapshot, WaveformParams(show=show, overlap=False), never)
    assert (data.shown.form, data.shown.overlap) == (show, False)
    again = shown_of(data, show, False)
    for name in ("has_line", "lines", "means", "bands"):
        np.testing.assert_array_equal(getattr(data.shown, name), getattr(again, name))
    assert (data.shown.densities is None) == (show != "density")


def test_on_every_channel_the_larger_means_lie_behind(many):
    data = WaveformView.load(many, WaveformParams(), never)
    n_samples = len(data.times)
    lines = data.shown.means.reshape(-1, n_samples)
    x = lines["position"][:, :, 0].mean(axis=1)
    y = lines["position"][:, 0, 1]
    for center in data.layout.centers:
        here = np.isclose(x, center[0], atol=1e-3) & np.isclose(y, center[1], atol=1e-3)
        sizes = np.ptp(lines["dy"][here], axis=1)
        assert np.all(np.diff(sizes) <= 1e-6)
    # Of many clusters none is drawn where it hardly takes part.
    assert set(np.unique(lines["color"])) == set(range(8))


def test_of_thousands_of_clusters_the_first_ones_are_drawn_and_it_is_said(many, shown):
    data = WaveformView.load(many, WaveformParams(n_clusters=5), never)
    assert data.cluster_ids == many.cluster_ids[:5]
    assert data.n_left_out == 3
    assert data.colors.max() == 4
    view = shown(WaveformView(), data, (600, 400))
    assert view.summary.startswith("5 of 8 clusters")


def test_lines_of_no_pair_are_none(snapshot):
    data = WaveformView.load(snapshot, WaveformParams(), never)
    nowhere = np.empty(0, np.int64), np.empty(0, np.int64)
    made = lines_of(data, True, data.colors, data.waveforms, nowhere, 0)
    assert made.shape == (0, len(data.times))

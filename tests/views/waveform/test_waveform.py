"""Waveform view: its picture, its mouse and keys."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import Qt

from phygui.views.core.base import Empty
from phygui.views.core.colors import theme
from phygui.views.core.visuals import text_width
from phygui.views.waveform.data import WaveformParams
from phygui.views.waveform.shown import offsets
from phygui.views.waveform.view import WaveformView


def never():
    return False


# -- picture ---------------------------------------------------------------------------------


def colored(image, k):
    """Pixels with about the hue of a cluster."""
    color = theme().clusters[k][:3].astype(float)
    part = (image - 22) @ (color - 22) / np.sum((color - 22) ** 2)
    off = np.abs(image - 22 - part[..., None] * (color - 22)).max(axis=2)
    return (part > 0.25) & (off < 30)


def place(view, k, channel, sample):
    """Where the mean of a cluster is drawn, in pixels."""
    data = view.data
    x = (
        data.layout.centers[channel, 0]
        + offsets(data, view.params.overlap, np.array([k]))[0, sample]
    )
    y = data.means[k, sample, channel] / data.full_scale * data.layout.height * view.data_scale
    return view.to_pixels(0, x, data.layout.centers[channel, 1] + y)


def test_means_are_drawn_where_they_are(view, picture):
    view.change_params(show="mean", overlap=False)
    image = picture(view)
    data = view.data
    for k in range(2):
        on = colored(image, k)
        channels = np.flatnonzero(data.cluster_unmasked[k])
        found = []
        for channel in channels:
            for sample in range(2, len(data.times) - 2, 5):
                x, y = (int(v) for v in place(view, k, channel, sample))
                found.append(on[y - 2 : y + 3, x - 1 : x + 2].any())
        assert np.mean(found) > 0.95


def test_masked_channels_are_grey(view, picture):
    view.change_params(show="mean", overlap=False)
    image = picture(view)
    data = view.data
    masked = np.argwhere(~data.cluster_unmasked)
    assert len(masked)
    for k, channel in masked[:10]:
        x, y = (int(v) for v in place(view, k, channel, len(data.times) // 2))
        near = image[y - 1 : y + 2, x]
        assert np.ptp(near, axis=1).max() < 40


def test_side_by_side_and_mean_by_their_keys(view, qtbot, picture):
    overlapped = picture(view)
    qtbot.keyClick(view.native, Qt.Key.Key_O)
    assert not view.params.overlap
    beside = picture(view)
    assert np.count_nonzero(overlapped != beside) > 1000
    qtbot.keyClick(view.native, Qt.Key.Key_M)
    assert view.params.show == "mean"
    qtbot.keyClick(view.native, Qt.Key.Key_M)
    qtbot.keyClick(view.native, Qt.Key.Key_O)
    np.testing.assert_array_equal(picture(view), overlapped)
    assert not view.is_stale


def test_residuals_lie_around_zero(view, picture):
    data = view.data
    channel = int(np.abs(data.means[0]).max(axis=0).argmax())
    sample = int(np.abs(data.means[0, :, channel]).argmax())
    x, y = (int(v) for v in place(view, 0, channel, sample))
    _, zero = (int(v) for v in view.to_pixels(0, 0, data.layout.centers[channel, 1]))
    view.change_params(overlap=True)
    on = colored(picture(view), 0)
    assert abs(y - zero) > 8
    assert on[y - 3 : y + 4, x].any()
    view.change_params(show="residual")
    on = colored(picture(view), 0)
    assert on[zero - 3 : zero + 4, x].any()


def test_names_scale_bars_and_legend_are_written(view):
    texts = [label.text for label in view.all_labels]
    assert set(view.data.channel_names) <= set(texts)
    assert any(t.endswith((" µV", " units")) for t in texts)
    assert any(t.endswith(" ms") for t in texts)
    legend = [label for label in view.all_labels if label.color >= 0]
    assert [(label.text, label.color) for label in sorted(legend, key=lambda a: a.x)] == [
        (str(c), k) for k, c in enumerate(view.data.cluster_ids)
    ]


def test_the_legend_keeps_the_best_clusters(small_model, snapshot_of, shown):
    ids = [int(c) for c in np.unique(small_model.spike_clusters)]
    data = WaveformView.load(snapshot_of(small_model, ids), WaveformParams(), never)
    for width in (900, 330, 220, 100):
        view = shown(WaveformView(), data, (width, 400))
        legend = [label for label in view.all_labels if label.color >= 0]
        legend.sort(key=lambda label: label.x)
        names = [label.text for label in legend]
        assert names == [str(c) for c in ids[: len(names)]]
        rest = [label for label in view.all_labels if label.text.startswith("+")]
        if width == 900:
            assert len(names) == len(ids)
            assert not rest
        else:
            assert len(names) < len(ids)
            assert rest[0].text == f"+{len(ids) - len(names)}"
            assert all(label.x < rest[0].x for label in legend)


def test_names_of_channels_stay_in_sight_when_zoomed_in(view, mouse, picture):
    left, top, width, height = view.layout.boxes[0]
    for _ in range(4):
        mouse(view).wheel((left + width * 0.4, top + height / 2), 4)
    picture(view)
    x0, (y0, y1) = view.cells[0].x.view[0], view.cells[0].y.view
    layout, half = view.data.layout, view.data.layout.width / 2
    seen = {
        name
        for name, (x, y) in zip(view.data.channel_names, layout.centers, strict=True)
        if x - half < x0 < x + 0.8 * half and y0 < y < y1 - 0.1 * (y1 - y0)
    }
    assert seen
    labels = {a.text: a for a in view.all_labels if a.color < 0}
    assert seen <= set(labels)
    assert all(left <= labels[name].x <= left + 5 for name in seen)


def test_names_of_channels_can_be_read_over_the_waveforms(view, picture):
    view.native.resize(400, 800)
    up = view.data.waveforms + 0.15 * view.data.full_scale
    view.set_data(replace(view.data, waveforms=up, unmasked=np.ones_like(view.data.unmasked)))
    image = picture(view)
    names = [a for a in view.all_labels if a.color < 0 and a.text in view.data.channel_names]
    assert len(names) == len(view.data.channel_names)
    for label in names:
        x, y = int(label.x), int(label.y)
        around = image[y - 11 : y - 1, x : x + int(text_width(label.text))]
        assert np.ptp(around, axis=2).max() < 60, "no waveform runs through the digits"


def test_scale_bars_tell_the_truth_side_by_side(view, picture):
    view.change_params(overlap=False)
    picture(view)
    test_scale_bars_tell_the_truth(view)


def test_scale_bars_tell_the_truth(view):
    data = view.data
    line = view.layout.lines[-1]["position"]
    height, width = np.ptp(line[:2, 1]), np.ptp(line[2:, 0])
    texts = {t.text.split()[1]: float(t.text.split()[0]) for t in view.all_labels if " " in t.text}
    _, y0 = view.to_pixels(0, 0, 0)
    high = texts[data.unit] / data.full_scale * data.layout.height * view.data_scale
    _, y1 = view.to_pixels(0, 0, high)
    assert abs((y0 - y1) - height) <= 1
    x = offsets(data, view.params.overlap, np.array([0]))[0]
    per_ms = (x[-1] - x[0]) / (data.times[-1] - data.times[0])
    x0, _ = view.to_pixels(0, 0, 0)
    x1, _ = view.to_pixels(0, texts["ms"] * per_ms, 0)
    assert abs((x1 - x0) - width) <= 1


def test_the_scale_bar_of_large_waveforms_is_in_millivolts(view, picture):
    for unit, wanted in (("µV", "mV"), ("units", "units")):
        view.set_data(replace(view.data, unit=unit))
        view.data_scale = 1.0
        view.refresh()
        picture(view)
        [before] = [a.text for a in view.all_labels if a.text.endswith(f" {unit}")]
        view.data_scale = 1e-4
        view.refresh()
        picture(view)
        [after] = [a.text for a in view.all_labels if a.text.endswith(f" {wanted}")]
        ratio = float(after.split()[0]) / float(before.split()[0])
        assert ratio == pytest.approx(1e4 / (1000 if unit == "µV" else 1), rel=1e-3)


def test_ctrl_wheel_makes_waveforms_larger_and_the_bar_follows(view, mouse, picture):
    mouse(view).wheel((400, 300), 4, Qt.KeyboardModifier.ControlModifier)
    picture(view)
    assert view.data_scale == 1.8
    test_scale_bars_tell_the_truth(view)


def test_highlight_points_at_spikes(shown, snapshot, picture):
    data = WaveformView.load(snapshot, WaveformParams(n_spikes=15), never)
    view = shown(WaveformView(), data, (800, 600))
    every = np.sort(np.concatenate([snapshot.spikes(c) for c in snapshot.cluster_ids]))
    hidden = every[~np.isin(every, view.data.spike_ids)]
    assert len(hidden) > 10
    for show in ("spikes", "mean", "density", "residual"):
        view.change_params(show=show)
        white = np.count_nonzero(picture(view).min(axis=2) > 200)
        for spikes in (view.data.spike_ids[:3], hidden[5:6]):
            view.highlight(spikes)
            view.set_highlight_data(view.load_highlight(snapshot, view.data, spikes, never))
            pointed = np.count_nonzero(picture(view).min(axis=2) > 200)
            assert pointed > white + 50
            # Built again, they are still pointed at.
            view.change_params(overlap=not view.params.overlap)
            view.change_params(overlap=not view.params.overlap)
            assert np.count_nonzero(picture(view).min(axis=2) > 200) == pointed
        view.highlight(np.empty(0, np.int64))
        assert np.count_nonzero(picture(view).min(axis=2) > 200) == white


def test_a_large_lasso_does_not_hide_what_is_summed_up(shown, snapshot, picture):
    every = np.sort(np.concatenate([snapshot.spikes(c) for c in snapshot.cluster_ids]))
    view = shown(WaveformView(), WaveformView.load(snapshot, WaveformParams(), never), (800, 600))
    colors = theme().clusters[:2, :3].astype(int)

    def colored():
        shown = picture(view)
        return sum(int((np.abs(shown - color).max(axis=2) < 60).sum()) for color in colors)

    for show in ("mean", "density"):
        view.change_params(show=show)
        before = colored()
        view.set_highlight_data(view.load_highlight(snapshot, view.data, every, never))
        assert colored() > 0.6 * before
        # The mean of the spikes pointed at stands out from them.
        assert np.count_nonzero(picture(view).min(axis=2) > 230) > 300
        view.set_highlight_data(None)
        assert colored() == before


def test_the_mean_of_spikes_pointed_at_is_theirs(shown, snapshot):
    data = WaveformView.load(snapshot, WaveformParams(), never)
    view = shown(WaveformView(WaveformParams(show="mean")), data, (800, 600))
    few = snapshot.spikes(snapshot.cluster_ids[1])[2:7]
    pointed = WaveformView.load_highlight(snapshot, data, few, never)
    view.set_highlight_data(pointed)
    found = view._pointed_means.vertices["dy"].reshape(-1, len(data.times))
    wanted = pointed.waveforms.mean(axis=0).T * data.layout.height / data.full_scale
    taken = pointed.unmasked.mean(axis=0) >= 0.5
    assert 0 < taken.sum() < len(taken) or taken.all()
    np.testing.assert_allclose(found, wanted[taken], rtol=1e-5, atol=1e-4)


def test_waveforms_of_spikes_pointed_at_are_read_for_a_bounded_number(snapshot, small_model):
    data = WaveformView.load(snapshot, WaveformParams(n_spikes=5), never)
    every = np.arange(small_model.n_spikes)
    pointed = WaveformView.load_highlight(snapshot, data, every, never)
    assert 0 < len(pointed.spike_ids) <= 100
    clusters = np.asarray(snapshot.cluster_ids)[pointed.colors]
    np.testing.assert_array_equal(small_model.spike_clusters[pointed.spike_ids], clusters)
    wanted = small_model.waveforms[pointed.spike_ids][:, :, data.channels]
    np.testing.assert_allclose(pointed.waveforms, wanted * small_model.voltage_gain, rtol=1e-5)
    others = np.flatnonzero(~np.isin(small_model.spike_clusters, snapshot.cluster_ids))
    assert WaveformView.load_highlight(snapshot, data, others, never) is None


# -- interactions ----------------------------------------------------------------------------


def test_ctrl_click_says_which_channel(view, mouse):
    clicked = []
    view.channel_clicked.connect(lambda *a: clicked.append(a))
    data = view.data
    for button, axis in ((Qt.MouseButton.LeftButton, "x"), (Qt.MouseButton.RightButton, "y")):
        for index in (0, 3, len(data.channels) - 1):
            at = view.to_pixels(0, *data.layout.centers[index])
            mouse(view).click(at, button, Qt.KeyboardModifier.ControlModifier)
            assert clicked[-1] == (int(data.channel_names[index]), axis)
    assert not view.cells[0].x.is_moved


def test_hover_names_the_channel(view, mouse):
    said = []
    view.hovered.connect(said.append)
    mouse(view).move(view.to_pixels(0, *view.data.layout.centers[2]))
    assert said[-1].startswith(f"channel {view.data.channel_names[2]}, ")
    assert view.data.unit in said[-1]


@pytest.mark.parametrize("overlap", [True, False])
def test_hover_tells_the_time_from_the_spike(view, picture, overlap):
    view.change_params(overlap=overlap)
    picture(view)
    data = view.data
    for k in range(2):
        shifts = offsets(data, view.params.overlap, np.array([k]))[0]
        for sample in (1, len(data.times) // 2, len(data.times) - 2):
            x, y = data.layout.centers[0] + (shifts[sample], 0)
            said = view.describe(0, x, y).split(", ")
            [time] = [float(part[:-3].replace("−", "-")) for part in said if part.endswith(" ms")]
            assert time == pytest.approx(data.times[sample], abs=0.006)


def test_hover_names_the_cluster_and_the_spike_whose_line_is_near(view, mouse):
    said = []
    view.hovered.connect(said.append)
    data = view.data
    for k in range(2):
        channel = int(np.ptp(data.means[k], axis=0).argmax())
        sample = int(np.abs(data.means[k, :, channel]).argmax())
        own = np.flatnonzero((data.colors == k) & data.unmasked[:, channel])
        # The spike that reaches farthest has no other near it.
        spike = own[np.argmin(data.waveforms[own, sample, channel])]
        for show, overlap in [("spikes", True), ("spikes", False), ("residual", True)]:
            view.change_params(show=show, overlap=overlap)
            value = data.waveforms[spike, sample, channel]
            if show == "residual":
                value = value - data.means[k, sample, channel]
            x = (
                data.layout.centers[channel, 0]
                + offsets(data, view.params.overlap, np.array([k]))[0, sample]
            )
            y = data.layout.centers[channel, 1] + value / data.full_scale * data.layout.height
            mouse(view).move(view.to_pixels(0, x, y))
            assert f", cluster {data.cluster_ids[k]}, " in said[-1]
            if show == "spikes":
                named = int(said[-1].partition("spike ")[2].partition(" ")[0])
                row = int(np.flatnonzero(data.spike_ids == named)[0])
                assert data.colors[row] == k
                assert said[-1].endswith(f" at {data.spike_times[row]:.4f} s")
        for show in ("mean", "density"):
            view.change_params(show=show, overlap=False)
            mouse(view).move(place(view, k, channel, sample))
            assert f", cluster {data.cluster_ids[k]}, " in said[-1]
            assert "spike" not in said[-1]
        view.change_params(show="spikes", overlap=True)
    x, y = view.to_pixels(0, *data.layout.centers[2])
    view.change_params(show="mean")
    mouse(view).move((x, y - 18))
    assert "cluster" not in said[-1], "between the lines there is none"


def test_the_empty_state_is_written(shown):
    view = shown(WaveformView(), Empty("No raw data: x.dat was looked for."), (500, 400))
    assert [label.text for label in view.all_labels] == ["No raw data: x.dat was looked for."]


@pytest.mark.slow
def test_density_lies_where_the_mean_is_and_follows_the_scale(view, mouse, picture):
    view.change_params(show="density", overlap=False)
    for steps in (0, 3):
        if steps:
            mouse(view).wheel((400, 300), steps, Qt.KeyboardModifier.ControlModifier)
        image = picture(view)
        data = view.data
        for k in range(2):
            channel = int(np.abs(data.means[k]).max(axis=0).argmax())
            found = []
            for sample in range(2, len(data.times) - 2, 4):
                x, y = (int(v) for v in place(view, k, channel, sample))
                found.append(colored(image, k)[y - 4 : y + 5, x - 1 : x + 2].any())
            assert np.mean(found) > 0.8
    view.reset_view()
    assert view.data_scale == pytest.approx(1)


def test_the_density_of_waveforms_that_are_larger_than_most_is_whole(
    shown, small_model, snapshot, picture
):
    everywhere = WaveformView.load(snapshot, WaveformParams(channels="all"), never)
    best = int(np.abs(everywhere.means[0]).max(axis=0).argmax())
    params = WaveformParams(chosen=str(small_model.channel_order[best]), show="density")
    data = WaveformView.load(snapshot, replace(params, overlap=False), never)
    sample = int(np.abs(data.means[0, :, 0]).argmax())
    small = 0.3 * np.abs(data.means[0, sample, 0])
    view = shown(
        WaveformView(replace(params, overlap=False)), replace(data, full_scale=small, shown=None)
    )
    on = colored(picture(view), 0)
    x, y = (int(v) for v in place(view, 0, 0, sample))
    assert on[y - 4 : y + 5, x - 1 : x + 2].any()


def test_of_many_clusters_means_are_shown_unless_spikes_are_asked_for(
    small_model, snapshot_of, shown
):
    ids = [int(c) for c in np.unique(small_model.spike_clusters)[:8]]
    few = WaveformView.load(snapshot_of(small_model, ids[:7]), WaveformParams(), never)
    many = WaveformView.load(snapshot_of(small_model, ids), WaveformParams(), never)
    view = shown(WaveformView(), few, (600, 400))
    assert view._lines.n_vertices > 0
    assert view._means.n_vertices == 0
    view.set_data(many)
    assert view._lines.n_vertices == 0
    own = many.cluster_unmasked & many.present
    assert view._means.n_vertices == len(many.times) * int(own.sum())
    view.toggle_mean()
    assert view.params.show == "spikes"
    assert view._lines.n_vertices > 0
    view.toggle_mean()
    assert view.params.show == "mean"


@pytest.mark.parametrize("overlap", [True, False])
def test_on_a_large_canvas_waveforms_take_its_height_and_not_its_width(shown, snapshot, overlap):
    params = WaveformParams(overlap=overlap)
    view = shown(WaveformView(params), WaveformView.load(snapshot, params, never), (1800, 900))
    view._lay_out((1800, 900))
    layout, (left, _, width, _) = view.data.layout, view.layout.boxes[0]
    ends = [view.to_pixels(0, x, 0)[0] for x in layout.limits[:2]]
    each = (ends[1] - ends[0]) * layout.width / (layout.limits[1] - layout.limits[0])
    row = 900 * layout.height / (view.cells[0].y.high - view.cells[0].y.low)
    assert each <= max(360, 7 * row) * 1.01
    # In the middle of the canvas.
    assert sum(ends) / 2 == pytest.approx(left + width / 2, abs=2)
    # A small one is filled, and what the user zooms stays.
    view._lay_out((500, 400))
    assert (view.cells[0].x.low, view.cells[0].x.high) == pytest.approx(layout.limits[:2])
    view.cells[0].x.show(*layout.centers[0, 0] + np.array([-1.0, 1.0]))
    zoomed = view.cells[0].x.view
    view._lay_out((1800, 900))
    assert view.cells[0].x.view == zoomed


@pytest.mark.parametrize("overlap", [True, False])
def test_the_sample_of_the_spike_is_marked_in_every_box(view, overlap):
    view.change_params(overlap=overlap)
    data = view.data
    sample = int(np.argmin(np.abs(data.times)))
    marks = view._base.vertices["position"][2 * len(data.channels) :].reshape(-1, 2, 2)
    clusters = [0] if overlap else [0, 1]
    wanted = {
        (k, round(data.layout.centers[k, 0] + offsets(data, overlap, np.array([c]))[0, sample], 2))
        for k in range(len(data.channels))
        for c in clusters
    }
    assert len(marks) == len(wanted)
    assert (marks[:, 0, 0] == marks[:, 1, 0]).all()
    found = sorted(marks[:, 0, 0].tolist())
    assert found == pytest.approx(sorted(x for _, x in wanted), abs=0.02)

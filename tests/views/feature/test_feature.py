"""Feature view: its data against plain numpy, its picture, its mouse and keys."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import Qt

from phygui.formats.kwik.shank import KwikShank
from phygui.views.core.base import Cancelled, Empty
from phygui.views.core.colors import GREY, theme
from phygui.views.core.lasso import Lasso
from phygui.views.data.attributes import values_and_masks
from phygui.views.feature import background
from phygui.views.feature import view as feature
from phygui.views.feature.grid import default_grid, parse_grid
from phygui.views.feature.view import FeatureParams, FeatureView, chosen_channels


def never():
    return False


def largest(model, n):
    ids, counts = np.unique(model.spike_clusters, return_counts=True)
    return [int(c) for c in ids[np.argsort(-counts, kind="stable")][:n]]


@pytest.fixture
def snapshot(small_model, snapshot_of):
    return snapshot_of(small_model, largest(small_model, 2))


# -- data ------------------------------------------------------------------------------------


def test_default_grid_has_time_on_the_diagonal_and_shares_rows():
    plots = {(p.row, p.column): (p.x, p.y) for p in default_grid([7, 3, 5, 1, 0], 3)}
    assert len(plots) == 16
    for k, y in enumerate(["7:0", "3:0", "7:1", "3:1"]):
        assert plots[k, k] == ("time", y)
        assert {plots[k, j][1] for j in range(4)} == {y}
    assert [plots[3, j][0] for j in range(3)] == ["7:0", "3:0", "7:1"]
    assert [plots[0, j][0] for j in range(1, 4)] == ["3:0", "5:0", "1:0"]


@pytest.mark.parametrize(
    ("n_channels", "n_features", "side"),
    [(1, 1, 1), (1, 3, 3), (2, 1, 2), (3, 1, 3), (2, 2, 4), (64, 1, 4), (4, 5, 4)],
)
def test_default_grid_of_few_channels_or_features(n_channels, n_features, side):
    plots = default_grid(list(range(n_channels)), n_features)
    assert len(plots) == side**2
    assert len({(p.row, p.column) for p in plots}) == side**2
    assert all(p.x != p.y for p in plots)


def test_parse_grid(small_model):
    name = int(small_model.channel_order[2])
    plots = parse_grid(f"time,0A 1B,amplitude; #{name}C,time", KwikShank(small_model), [4, 3, 2])
    found = [(p.row, p.column, p.x, p.y) for p in plots]
    assert found == [
        (0, 0, "time", "4:0"),
        (0, 1, "3:1", "amplitude"),
        (1, 0, "2:2", "time"),
    ]


@pytest.mark.parametrize(
    "text", ["time", "time,0a", "0Z,time", "99A,time", "#999A,time", ";", "x,time"]
)
def test_a_grid_that_is_wrong_is_refused_in_a_sentence(small_model, snapshot, text):
    with pytest.raises(ValueError, match=r"'|plot"):
        parse_grid(text, KwikShank(small_model), [0, 1])
    found = FeatureView.load(snapshot, FeatureParams(grid=text), never)
    assert isinstance(found, Empty)


def test_load_gives_the_features_of_the_spikes(small_model, snapshot):
    params = FeatureParams(n_spikes=1000, n_background=10_000)
    data = FeatureView.load(snapshot, params, never)
    n = small_model.n_features_per_channel
    features, masks = small_model.features[...], small_model.masks[...]
    for key, values in data.values.items():
        if key == "time":
            np.testing.assert_array_equal(values, small_model.spike_times[data.spike_ids])
        else:
            channel, feature = map(int, key.split(":"))
            np.testing.assert_array_equal(values, features[data.spike_ids, channel * n + feature])
            np.testing.assert_array_equal(data.masks[key], masks[data.spike_ids, channel])
    # With no limit, every spike is there: the selected in colour, the others in grey.
    assert sorted(data.spike_ids) == list(range(small_model.n_spikes))
    clusters = small_model.spike_clusters[data.spike_ids]
    for k, cluster in enumerate(snapshot.cluster_ids):
        np.testing.assert_array_equal(data.colors == k, clusters == cluster)
    assert np.all(data.colors[~np.isin(clusters, snapshot.cluster_ids)] == GREY)
    # In time, so that no cluster hides another; the background first.
    assert np.all(np.diff(data.spike_ids[data.colors >= 0]) > 0)
    assert np.all(np.diff((data.colors >= 0).astype(int)) >= 0)


def test_a_lone_spike_does_not_stand_in_a_corner(snapshot):
    best = snapshot.cluster_ids[0]
    lists = {**snapshot.spikes_per_cluster, best: snapshot.spikes(best)[:1]}
    alone = replace(snapshot, cluster_ids=(best,), spikes_per_cluster=lists)
    data = FeatureView.load(alone, FeatureParams(n_background=0), never)
    assert len(data.spike_ids) == 1
    for key, (value,) in data.values.items():
        if key != "time":
            low, high = data.ranges[key]
            assert low <= 0 <= high
            assert 0.05 < (value - low) / (high - low) < 0.95


def test_histograms_on_the_diagonal_count_the_spikes_of_each_cluster(shown, snapshot, picture):
    params = FeatureParams(n_spikes=1000, n_background=0, diagonal="histogram")
    data = FeatureView.load(snapshot, params, never)
    diagonal = [k for k, plot in enumerate(data.plots) if plot.row == plot.column]
    assert {data.plots[k].x for k in diagonal} == {"histogram"}
    assert "time" not in data.values
    for k in diagonal:
        key = data.plots[k].y
        found = data.histograms[key]
        assert (found.edges[0], found.edges[-1]) == pytest.approx(data.ranges[key])
        middle = (found.edges[:-1] + found.edges[1:]) / 2
        for cluster, own in enumerate(found.profiles):
            # What is spread stays about where it was, and nearly all of it is in sight.
            assert 90 < own.sum() <= 100 + 1e-9
            values = data.values[key][data.colors == cluster]
            inside = values[(values > found.edges[0]) & (values < found.edges[-1])]
            assert np.average(middle, weights=own) == pytest.approx(
                inside.mean(), abs=0.03 * np.ptp(found.edges)
            )
    view = shown(FeatureView(params), data, (800, 600))
    image = picture(view)
    cell = diagonal[0]
    found = data.histograms[data.plots[cell].y]
    row = int(np.argmax(found.profiles[0]))
    y = (found.edges[row] + found.edges[row + 1]) / 2
    inside = pixel(view, image, cell, found.profiles[0, row] / 2, y)
    assert np.abs(inside - theme().roles["background"][:3]).max() > 20
    said = view.describe(cell, 0.0, y)
    assert said.startswith(f"cluster {data.cluster_ids[0]}: {found.profiles[0, row]:.1f}%")
    assert found.profiles.max() < view.cells[cell].x.high < 1.2 * found.profiles.max()
    assert not view.cells[cell].lasso
    assert "% of spikes" in {label.text for label in view.all_labels}


@pytest.mark.parametrize("show", ["points", "density"])
def test_histograms_stand_in_a_grid_that_the_user_wrote(shown, snapshot, picture, show):
    params = FeatureParams(grid="histogram,0A 1A,0A; 0A,1A histogram,1A", show=show)
    view = shown(FeatureView(params), FeatureView.load(snapshot, params, never), (500, 400))
    picture(view)
    view.highlight(view.data.spike_ids[-3:])
    assert set(view._points.vertices["cell"].tolist()) <= {1, 2}
    assert isinstance(FeatureView.load(snapshot, FeatureParams(grid="0A,histogram"), never), Empty)


def test_samples_are_bounded_regular_and_the_same_each_time(snapshot):
    params = FeatureParams(n_spikes=10, n_background=20)
    data = FeatureView.load(snapshot, params, never)
    assert np.all(np.bincount(data.colors[data.colors >= 0]) == 10)
    assert np.count_nonzero(data.colors == GREY) <= 20
    again = FeatureView.load(snapshot, params, never)
    np.testing.assert_array_equal(data.spike_ids, again.spike_ids)
    for k, cluster in enumerate(snapshot.cluster_ids):
        ranks = np.searchsorted(snapshot.spikes(cluster), data.spike_ids[data.colors == k])
        assert np.ptp(np.diff(ranks)) <= 1


def test_the_background_is_read_once(snapshot, monkeypatch):
    params = FeatureParams(n_background=37, grid="time,0A 1A,0B time,amplitude")
    asked, sized = [], []
    read, measure = background.values_and_masks, background.measured
    monkeypatch.setattr(
        background, "values_and_masks", lambda *a: asked.append(list(a[1])) or read(*a)
    )
    monkeypatch.setattr(background, "measured", lambda *a: sized.append(a) or measure(*a))
    first = FeatureView.load(snapshot, params, never)
    # All columns together.
    assert len(asked) == 1
    assert len(asked[0]) == 4
    again = FeatureView.load(snapshot, params, never)
    assert (len(asked), len(sized)) == (1, 1)
    behind = first.colors == GREY
    for key, values in first.values.items():
        np.testing.assert_array_equal(values, again.values[key])
        plain = values_and_masks(snapshot, [key], first.spike_ids[behind], never)[key][0]
        np.testing.assert_array_equal(values[behind], plain)


@pytest.mark.parametrize("show", ["points", "density"])
def test_points_are_made_where_they_are_read(snapshot, shown, show):
    params = FeatureParams(show=show)
    data = FeatureView.load(snapshot, params, never)
    n_each = len(data.colors) if show == "points" else np.count_nonzero(data.colors == GREY)
    n_outside = sum(len(found) for found in data.outside)
    assert len(data.points) == n_each * len(data.plots) + n_outside
    view = shown(FeatureView(params), data, (600, 400))
    assert np.shares_memory(view._points.vertices, data.points)
    faint = data.points["alpha"].sum()
    view.change_params(dim_masked=False)
    assert view._points.vertices["alpha"].sum() >= faint
    assert len(view._points.vertices) == len(data.points)


def test_channels_chosen_by_the_user_come_first(snapshot, small_model, monkeypatch):
    automatic = chosen_channels(snapshot, FeatureParams(), never)
    last, other = automatic[-1], automatic[-2]
    order = [int(c) + 100 for c in small_model.channel_order]
    monkeypatch.setattr(type(small_model), "channel_order", property(lambda self: order))
    chosen = chosen_channels(snapshot, FeatureParams(x_channel=order[last]), never)
    assert chosen[:2] == [last, automatic[0]]
    chosen = chosen_channels(snapshot, FeatureParams(y_channel=order[last]), never)
    assert chosen[:2] == [automatic[0], last]
    both = FeatureParams(x_channel=order[other], y_channel=order[last])
    chosen = chosen_channels(snapshot, both, never)
    assert chosen[:2] == [other, last]
    assert sorted(chosen) == sorted(automatic)
    both = FeatureParams(x_channel=order[last], y_channel=order[last])
    assert sorted(chosen_channels(snapshot, both, never)) == sorted(automatic)
    # One that this channel group does not have.
    absent = FeatureParams(x_channel=last)
    assert chosen_channels(snapshot, absent, never) == automatic


def test_the_axes_say_which_channel_is_fixed(snapshot, small_model, shown):
    number = int(small_model.channel_order[chosen_channels(snapshot, FeatureParams(), never)[-1]])
    absent = int(max(small_model.channel_order)) + 1
    params = FeatureParams(x_channel=number, y_channel=absent)
    view = shown(FeatureView(params), FeatureView.load(snapshot, params, never), (800, 600))
    fixed = {label.text for label in view.all_labels if "fixed" in label.text}
    assert fixed == {f"fixed ch {number} PC1", f"fixed ch {number} PC2"}
    assert f"no channel {absent} on this shank" in view.summary
    view.set_data(FeatureView.load(snapshot, FeatureParams(), never))
    assert not any("fixed" in text for text in view.data.labels.values())
    assert "channel" not in view.summary


def test_empty_states(small_model, snapshot_of, snapshot, monkeypatch):
    nothing = FeatureView.load(snapshot_of(small_model, []), FeatureParams(), never)
    assert "Select a cluster" in nothing.reason
    (small_model.path.with_suffix(".kwx")).unlink()
    from phygui import KwikModel

    with KwikModel(small_model.path) as model:
        empty = FeatureView.load(replace(snapshot, shank=KwikShank(model)), FeatureParams(), never)
    assert f"{small_model.path.stem}.kwx" in empty.reason


def test_load_can_be_cancelled(snapshot):
    with pytest.raises(Cancelled):
        FeatureView.load(snapshot, FeatureParams(n_background=11), lambda: True)


# -- picture ---------------------------------------------------------------------------------


@pytest.fixture
def view(shown, snapshot):
    data = FeatureView.load(snapshot, FeatureParams(), never)
    return shown(FeatureView(), data, (800, 600))


def pixel(view, image, cell, x, y):
    px, py = view.to_pixels(cell, x, y)
    return image[int(py), int(px)]


def test_spikes_are_where_their_features_are(view, picture):
    view.marker_size = 8
    image = picture(view)
    data = view.data
    background = theme().roles["background"][:3]
    n_right = n_seen = 0
    for cell, plot in enumerate(data.plots):
        x, y = data.values[plot.x], data.values[plot.y]
        left, top, width, height = view.layout.boxes[cell]
        for spike in range(len(x)):
            px, py = view.to_pixels(cell, x[spike], y[spike])
            if left + 4 < px < left + width - 4 and top + 4 < py < top + height - 4:
                n_seen += 1
                n_right += np.abs(image[int(py), int(px)] - background).max() > 6
    assert n_seen > 1000
    assert n_right / n_seen > 0.99


def test_the_last_spike_drawn_has_the_colour_of_its_cluster(view, picture):
    view.marker_size = 8
    image = picture(view)
    data = view.data
    colors = theme().clusters[:2, :3].astype(int)
    for spike in np.flatnonzero(data.colors >= 0)[-3:]:
        plot = data.plots[0]
        mask = data.masks[plot.y][spike]
        if mask < 1:
            continue
        later = np.hypot(
            data.values[plot.x][spike + 1 :] - data.values[plot.x][spike],
            data.values[plot.y][spike + 1 :] - data.values[plot.y][spike],
        )
        if len(later) and later.min() < 0.3:
            continue
        found = pixel(view, image, 0, data.values[plot.x][spike], data.values[plot.y][spike])
        assert np.argmin(np.abs(colors - found).sum(axis=1)) == data.colors[spike]


def test_axes_name_channels_and_time_with_units(view):
    texts = {label.text for label in view.all_labels}
    assert "time (s)" in texts
    for key in {p.y for p in view.data.plots}:
        assert view.data.labels[key] in texts
    assert any(t.lstrip("−").replace(".", "").isdigit() for t in texts)


def test_masked_spikes_are_fainter(view, picture):
    bright = view._points
    view.change_params(dim_masked=False)
    plain = picture(view).astype(int)
    view.change_params(dim_masked=True)
    dimmed = picture(view).astype(int)
    assert bright is view._points
    assert dimmed.sum() < plain.sum()
    assert not view.is_stale


def test_highlight_points_at_spikes(view, picture):
    view.marker_size = 6
    spikes = view.data.spike_ids[np.flatnonzero(view.data.colors >= 0)[:5]]
    white = np.count_nonzero(picture(view).min(axis=2) > 250)
    view.highlight(np.sort(spikes))
    assert np.count_nonzero(picture(view).min(axis=2) > 250) > white + 50
    view.highlight(np.empty(0, np.int64))
    assert np.count_nonzero(picture(view).min(axis=2) > 250) == white


# -- interactions ----------------------------------------------------------------------------


def test_a_lasso_around_everything_selects_all_spikes(view, snapshot, mouse):
    for cell in (0, 1, 5, 15):
        view.clear_lasso()
        view.data_scale = 0.02
        left, top, width, height = view.layout.boxes[cell]
        corners = [(1, 1), (width - 1, 1), (width - 1, height - 1), (1, height - 1)]
        for x, y in corners:
            mouse(view).click(
                (left + x, top + y), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier
            )
        plot = view.data.plots[cell]
        assert (view.lasso.x, view.lasso.y) == (plot.x, plot.y)
        found = FeatureView.spikes_in_lasso(snapshot, FeatureParams(), view.lasso, never)
        wanted = np.sort(np.concatenate([snapshot.spikes(c) for c in snapshot.cluster_ids]))
        assert len(found) >= 0.95 * len(wanted)
        assert np.all(np.isin(found, wanted))
        view.reset_view()


def test_a_lasso_selects_the_same_spikes_as_plain_numpy(snapshot, small_model):
    features = small_model.features[...]
    n = small_model.n_features_per_channel
    values = features[:, 2 * n]
    middle = float(np.median(values))
    corners = np.array([(0, middle), (1e4, middle), (1e4, 1e6), (0, 1e6)])
    lasso = Lasso("time", "2:0", 0, corners)
    found = FeatureView.spikes_in_lasso(snapshot, FeatureParams(), lasso, never)
    clusters = small_model.spike_clusters
    wanted = np.flatnonzero((values > middle) & np.isin(clusters, snapshot.cluster_ids))
    np.testing.assert_array_equal(found, wanted)


def test_ctrl_wheel_scales_features_but_not_time(view, mouse):
    time, feature = view.cells[0].x, view.cells[0].y
    before = feature.view
    left, top, width, height = view.layout.boxes[0]
    mouse(view).wheel((left + width / 2, top + height / 2), 1, Qt.KeyboardModifier.ControlModifier)
    assert not time.is_moved
    np.testing.assert_allclose(feature.view, np.divide(before, 1.2))


def test_of_a_spike_of_the_background_the_cluster_is_named_too(view, small_model):
    data = view.data
    np.testing.assert_array_equal(data.clusters, small_model.spike_clusters[data.spike_ids])
    assert set(data.clusters[data.colors >= 0]) == set(data.cluster_ids)
    plot = data.plots[1]
    for spike in np.flatnonzero(data.colors == GREY):
        x, y = data.values[plot.x][spike], data.values[plot.y][spike]
        said = view.describe(1, x, y)
        if said.startswith(f"spike {data.spike_ids[spike]}, "):
            assert f", cluster {small_model.spike_clusters[data.spike_ids[spike]]}, " in said
            break
    else:
        pytest.fail("no spike of the background is by itself")


def test_hover_names_the_spike_and_its_cluster(view, mouse):
    said = []
    view.hovered.connect(said.append)
    data = view.data
    spike = np.flatnonzero(data.colors == 0)[0]
    for cell, plot in enumerate(data.plots):
        x, y = view.to_pixels(cell, data.values[plot.x][spike], data.values[plot.y][spike])
        if view.layout.cell_at(x, y) == cell:
            mouse(view).move((x, y))
            assert said[-1].startswith(f"spike {data.spike_ids[spike]}, cluster ")
            assert f", {data.times[spike]:.4f} s, " in said[-1]
            value = data.values[plot.y][spike]
            name, _, told = said[-1].rpartition(", ")[2].rpartition(" ")
            assert name == data.labels[plot.y]
            assert float(told.replace("−", "-")) == pytest.approx(value, abs=1)
            break
    else:
        pytest.fail("the spike is in no cell")
    distances = np.hypot(*(np.array(view.to_pixels(0, 0, 0)) - (x, y)))
    assert distances >= 0
    left, top, width, _ = view.layout.boxes[0]
    mouse(view).move((left + width - 2, top + 2))
    assert said[-1].startswith("time ")
    assert f" s, {data.labels[data.plots[0].y]} " in said[-1], "no spike, but the place"
    mouse(view).move((1, 1))
    assert said[-1] == ""


# -- density ---------------------------------------------------------------------------------


def test_density_shows_all_spikes_in_the_colour_of_their_cluster(shown, snapshot, picture):
    params = FeatureParams(show="density", n_background=0)
    data = FeatureView.load(snapshot, params, never)
    every = np.sort(np.concatenate([snapshot.spikes(c) for c in snapshot.cluster_ids]))
    np.testing.assert_array_equal(data.spike_ids, every)
    view = shown(FeatureView(params), data, (800, 600))
    image = picture(view)
    background = theme().roles["background"][:3]
    for cell in (1, 6, 8):
        for k in range(2):
            row, column = np.unravel_index(
                np.argmax(data.densities[cell, k]), (data.densities.shape[2:])
            )
            n = data.densities.shape[-1]
            plot = data.plots[cell]
            (x0, x1), (y0, y1) = data.ranges[plot.x], data.ranges[plot.y]
            x = x0 + (column + 0.5) / n * (x1 - x0)
            y = y0 + (row + 0.5) / n * (y1 - y0)
            found = pixel(view, image, cell, x, y)
            assert np.abs(found - background).max() > 40
    assert "spike" not in view.describe(0, 0.0, 1e12)


def test_spikes_that_no_density_holds_are_points_when_zoomed_out(
    shown, snapshot, picture, monkeypatch
):
    monkeypatch.setattr(feature, "robust_range", lambda groups, **_: (-100.0, 100.0))
    params = FeatureParams(show="density", n_background=0, grid="0A,1A")
    data = FeatureView.load(snapshot, params, never)
    x, y = (data.values[key] for key in (data.plots[0].x, data.plots[0].y))
    (x0, x1), (y0, y1) = (data.ranges[key] for key in (data.plots[0].x, data.plots[0].y))
    outside = np.flatnonzero((x < x0) | (x >= x1) | (y < y0) | (y >= y1))
    assert len(outside)
    np.testing.assert_array_equal(data.outside[0], outside)
    view = shown(FeatureView(params), data, (800, 600))
    view.cells[0].x.show(min(x.min(), x0) - 100, max(x.max(), x1) + 100)
    view.cells[0].y.show(min(y.min(), y0) - 100, max(y.max(), y1) + 100)
    view.refresh()
    image = picture(view)
    background = theme().roles["background"][:3]
    for spike in outside:
        found = pixel(view, image, 0, x[spike], y[spike])
        assert np.abs(found - background).max() > 20


def test_the_cursor_crosses_every_plot_of_time_and_no_other(shown, snapshot, picture):
    params = FeatureParams(grid="time,0A 0A,1A; 1A,time 0A,time")
    view = shown(FeatureView(params), FeatureView.load(snapshot, params, never), (800, 500))
    plain = picture(view)
    view.set_cursor(1.1)
    changed = np.abs(picture(view) - plain).max(axis=2) > 30
    crossed = []
    for k, (left, top, width, height) in enumerate(view.layout.boxes.astype(int)):
        rows, columns = np.nonzero(changed[top : top + height, left : left + width])
        x, y = view.to_pixels(k, 1.1, 1.1)
        if view.cells[k].x.key == "time":
            assert np.abs(left + columns - x).max() < 2
            crossed.append(len(np.unique(rows)) / height)
        elif view.cells[k].y.key == "time":
            assert np.abs(top + rows - y).max() < 2
            crossed.append(len(np.unique(columns)) / width)
        else:
            assert not len(rows)
    assert len(crossed) == 3
    assert min(crossed) > 0.8
    view.set_data(FeatureView.load(snapshot, params, never))
    assert view.cursor_line.n_vertices == 6

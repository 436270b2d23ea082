"""Drift map: depths against plain numpy, its picture, its lasso, its empty states."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from qtpy.QtCore import Qt

from phygui.views.core.base import Cancelled
from phygui.views.core.colors import theme
from phygui.views.data.attributes import values_and_masks
from phygui.views.data.depths import read_depths
from phygui.views.drift import background
from phygui.views.drift.view import DriftParams, DriftView


def never():
    return False


@pytest.fixture
def snapshot(small_model, snapshot_of):
    ids, counts = np.unique(small_model.spike_clusters, return_counts=True)
    return snapshot_of(small_model, [int(c) for c in ids[np.argsort(-counts)][:2]])


@pytest.fixture
def view(shown, snapshot):
    return shown(DriftView(), DriftView.load(snapshot, DriftParams(), never), (600, 400))


def test_depth_is_the_centre_of_mass_of_the_masked_features(snapshot):
    shank, ids = snapshot.shank, np.arange(0, snapshot.n_spikes, 7)
    values, masks = shank.features.read(ids)
    heights = np.asarray(shank.channel_positions)[:, 1]
    found = read_depths(shank, ids, never)
    for k in range(0, len(ids), 11):
        energy = ((values[k] * masks[k][:, None]) ** 2).sum(axis=1)
        weight = np.maximum(energy - 0.1 * energy.max(), 0)
        assert found.depths[k] == pytest.approx(weight @ heights / weight.sum(), abs=0.01)
        assert found.sizes[k] == pytest.approx(np.sqrt(energy.max()), rel=1e-5)
    read = values_and_masks(snapshot, ["depth"], ids, never)
    np.testing.assert_array_equal(read["depth"][0], found.depths)


def test_what_the_dataset_holds_comes_first_and_templates_last(snapshot):
    ids = np.array([5, 2, 9])

    def attribute(values):
        return SimpleNamespace(title="", unit="", read=lambda spikes: np.array(values))

    stored = {
        "sorter_x": attribute([0.0, 0, 0]),
        "sorter_depth": attribute([7.0, np.inf, 9]),
        "sorter_amplitude": attribute([-3.0, 1, 2]),
    }
    found = read_depths(SimpleNamespace(attributes=stored), ids, never)
    np.testing.assert_array_equal(found.depths, [7, np.nan, 9])
    np.testing.assert_array_equal(found.sizes, [3, 1, 2])

    class Shank(SimpleNamespace):
        pass

    shapes = {0: np.zeros((4, 3), np.float32), 2: np.zeros((4, 3), np.float32)}
    shapes[2][1] = [0.0, 4.0, 1.0]
    shank = Shank(
        attributes={},
        features=None,
        templates=shapes,
        spike_templates=np.array([0, 0, 2, 0, 0, 2, 0, 0, 0, 1]),
        channel_positions=np.array([[0, 10.0], [0, 20], [0, 30]]),
        channel_gains=np.ones(3),
        n_located=0,
    )
    np.testing.assert_array_equal(read_depths(shank, ids, never).depths, [20, 20, np.nan])


def test_load_samples_all_spikes_and_the_selection(small_model, snapshot):
    data = DriftView.load(snapshot, DriftParams(n_spikes=10, n_background=50), never)
    assert np.bincount(data.colors).tolist() == [10, 10]
    clusters = np.array(data.cluster_ids)[data.colors]
    np.testing.assert_array_equal(small_model.spike_clusters[data.spike_ids], clusters)
    np.testing.assert_array_equal(data.times, small_model.spike_times[data.spike_ids])
    np.testing.assert_array_equal(
        data.depths, read_depths(snapshot.shank, data.spike_ids, never)[0]
    )
    assert len(data.behind) == 50
    assert np.all(np.diff(data.behind) > 0)
    behind = read_depths(snapshot.shank, data.behind, never)
    np.testing.assert_array_equal(data.behind_depths, behind.depths)
    # The larger the stronger.
    order = np.argsort(behind.sizes)
    assert np.all(np.diff(data.shades[order]) >= 0)
    assert data.shades.max() == 1
    low, high = data.limits
    heights = np.asarray(snapshot.shank.channel_positions)[:, 1]
    assert low < heights.min()
    assert high > heights.max()


def test_the_background_is_read_once_and_goes_on_where_it_was_cancelled(
    snapshot, small_model, snapshot_of, monkeypatch
):
    calls = []
    monkeypatch.setattr(background, "_STRETCH", 20)
    plain = background.read_depths

    def reads(shank, spike_ids, cancelled):
        found = plain(shank, spike_ids, cancelled)
        calls.append(spike_ids)
        return found

    monkeypatch.setattr(background, "read_depths", reads)
    sample = snapshot.some_of_all(61)
    with pytest.raises(Cancelled):
        background.depths_of_all(snapshot, sample, lambda: len(calls) >= 2)
    background.depths_of_all(snapshot, sample, never)
    assert np.concatenate(calls).tolist() == sample.tolist()
    other = snapshot_of(small_model, [])
    np.testing.assert_array_equal(
        background.depths_of_all(other, sample, never).depths,
        plain(snapshot.shank, sample, never).depths,
    )
    assert len(calls) == 4


def test_without_a_selection_all_is_grey_and_without_features_a_sentence_says_why(
    small_model, snapshot_of
):
    data = DriftView.load(snapshot_of(small_model, []), DriftParams(), never)
    assert not len(data.spike_ids)
    assert len(data.behind)
    small_model.path.with_suffix(".kwx").unlink()
    from phygui import KwikModel

    with KwikModel(small_model.path) as model:
        assert "features" in DriftView.load(snapshot_of(model, []), DriftParams(), never).reason


def test_points_are_where_they_are_and_say_what_they_are(view, picture, mouse):
    view.marker_size = 8
    image, data = picture(view), view.data
    ground = theme().roles["background"][:3]
    for spike in range(0, len(data.times), 9):
        x, y = view.to_pixels(0, data.times[spike], data.depths[spike])
        near = image[int(y) - 1 : int(y) + 2, int(x) - 1 : int(x) + 2]
        assert np.abs(near - ground).max() > 30
    said = []
    view.hovered.connect(said.append)
    mouse(view).move(view.to_pixels(0, data.times[3], data.depths[3]))
    assert "cluster" in said[-1]
    assert "µm" in said[-1]


def test_a_lasso_takes_all_spikes_of_the_clusters_also_those_not_drawn(view, mouse, snapshot):
    left, top, width, height = view.layout.boxes[0]
    for x, y in [(1, 1), (width / 2, 1), (width / 2, height - 1), (1, height - 1)]:
        mouse(view).click(
            (left + x, top + y), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier
        )
    lasso = view.lasso
    assert (lasso.x, lasso.y) == ("time", "depth")
    found = DriftView.spikes_in_lasso(snapshot, DriftParams(n_spikes=10), lasso, never)
    every = np.sort(np.concatenate([snapshot.spikes(c) for c in snapshot.cluster_ids]))
    times = snapshot.shank.spike_samples[every] / snapshot.shank.sample_rate
    (x0, _), (x1, _) = lasso.points.min(axis=0), lasso.points.max(axis=0)
    np.testing.assert_array_equal(found, every[(times > x0) & (times < x1)])


@pytest.mark.parametrize(("n", "name"), [(2, "dark"), (2, "light"), (8, "dark")])
def test_pictures(n, name, small_model, snapshot_of, shown, same_picture):
    ids, counts = np.unique(small_model.spike_clusters, return_counts=True)
    snapshot = snapshot_of(small_model, [int(c) for c in ids[np.argsort(-counts)][:n]])
    data = DriftView.load(snapshot, DriftParams(), never)
    same_picture(shown(DriftView(theme=name), data, (500, 350)), f"drift_{n}_{name}")

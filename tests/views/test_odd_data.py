"""Features, waveforms and amplitudes of odd clusters: they are drawn, or told why not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from phygui.views import VIEWS
from phygui.views.data import attributes

NAMES = ("features", "waveforms", "amplitudes")


def never():
    return False


def with_clusters(snapshot, lists):
    return replace(
        snapshot,
        cluster_ids=tuple(lists),
        spikes_per_cluster={c: np.array(s, np.int64) for c, s in lists.items()},
    )


def spoil_features(monkeypatch, spoil):
    """Have something done to features and masks wherever they are read."""
    plain = attributes.features_of

    class Spoilt:
        def __init__(self, shank):
            self.source = plain(shank)

        def read(self, spike_ids, channels=None):
            values, masks = map(np.array, self.source.read(spike_ids, channels))
            spoil(values, masks)
            return values, masks

    monkeypatch.setattr(attributes, "features_of", Spoilt)


@pytest.fixture
def snapshot(small_model, snapshot_of):
    return snapshot_of(small_model, [])


SHOWN = [
    ("amplitudes", {}),
    ("features", {}),
    ("features", {"show": "density"}),
    ("waveforms", {}),
    ("waveforms", {"show": "mean"}),
    ("waveforms", {"show": "density"}),
    ("waveforms", {"overlap": False}),
]


@pytest.mark.parametrize(("name", "settings"), SHOWN)
@pytest.mark.parametrize("spikes", [[7], [7, 9], [0, 407]])
def test_clusters_of_one_or_two_spikes(name, settings, spikes, snapshot, shown, picture):
    cls = VIEWS[name]
    params = cls.Params(**settings)
    odd = with_clusters(snapshot, {3: spikes, 8: [11]})
    view = shown(cls(params), cls.load(odd, params, never), (300, 250))
    image = picture(view)
    assert np.count_nonzero(np.ptp(image, axis=2) > 40) > 3
    for cell in range(len(view.cells)):
        assert np.isfinite([*view.cells[cell].x.view, *view.cells[cell].y.view]).all()


def test_features_that_are_not_finite(snapshot, shown, picture, monkeypatch):
    def spoil(values, masks):
        values[::2] = np.nan
        values[1::4] = np.inf

    spoil_features(monkeypatch, spoil)
    odd = with_clusters(snapshot, {3: list(range(5, 300, 3)), 8: [11, 12]})
    for name in ("features", "amplitudes"):
        cls = VIEWS[name]
        for settings in ({}, {"show": "density"}) if name == "features" else ({},):
            params = cls.Params(**settings)
            view = shown(cls(params), cls.load(odd, params, never), (500, 400))
            assert np.count_nonzero(np.ptp(picture(view), axis=2) > 40) > 10
            for cell in view.cells:
                assert np.isfinite([*cell.x.view, *cell.y.view]).all()
            view.describe(0, 1.0, 1.0)


def test_spikes_without_a_mask_are_drawn(snapshot, shown, monkeypatch):
    def spoil(values, masks):
        masks[:] = np.nan

    spoil_features(monkeypatch, spoil)
    odd = with_clusters(snapshot, {3: list(range(5, 300, 3))})
    cls = VIEWS["features"]
    view = shown(cls(), cls.load(odd, cls.Params(), never), (500, 400))
    assert (view._points.vertices["alpha"] > 0).all()


def test_equal_features(snapshot, shown, picture, monkeypatch):
    class Flat:
        def __init__(self, shank):
            self.n_channels, self.n_features = shank.n_channels, shank.features.n_features

        def read(self, spike_ids, channels=None):
            n_channels = self.n_channels if channels is None else len(channels)
            shape = (len(spike_ids), n_channels)
            return np.ones((*shape, self.n_features), np.float32), np.ones(shape, np.float32)

    monkeypatch.setattr(attributes, "features_of", Flat)
    odd = with_clusters(snapshot, {3: [1, 5, 9, 13]})
    for name in ("features", "amplitudes"):
        cls = VIEWS[name]
        params = cls.Params(**({"n_background": 3} if name == "features" else {}))
        view = shown(cls(params), cls.load(odd, params, never), (500, 400))
        assert np.count_nonzero(np.ptp(picture(view), axis=2) > 40) > 10


@pytest.mark.parametrize("name", NAMES)
def test_twenty_clusters(name, snapshot, shown, picture):
    cls = VIEWS[name]
    odd = with_clusters(snapshot, {c: range(c, 408, 20) for c in range(20)})
    view = shown(cls(), cls.load(odd, cls.Params(), never), (500, 400))
    assert np.count_nonzero(np.ptp(picture(view), axis=2) > 40) > 500

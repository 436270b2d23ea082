"""Views as a whole, against stored pictures that somebody has looked at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from phygui.plugins import owner
from phygui.views import SPECS, VIEWS
from phygui.views.core.base import Empty

NAMES = ("features", "waveforms", "amplitudes")


@pytest.fixture
def selection(small_model, snapshot_of):
    def select(n):
        ids, counts = np.unique(small_model.spike_clusters, return_counts=True)
        return snapshot_of(
            small_model, [int(c) for c in ids[np.argsort(-counts, kind="stable")][:n]]
        )

    return select


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("name", NAMES)
def test_two_clusters(name, theme, selection, shown, same_picture):
    cls = VIEWS[name]
    data = cls.load(selection(2), cls.Params(), lambda: False)
    same_picture(shown(cls(theme=theme), data, (500, 400)), f"{name}_2_{theme}")


@pytest.mark.parametrize("name", NAMES)
def test_eight_clusters(name, selection, shown, same_picture):
    cls = VIEWS[name]
    data = cls.load(selection(8), cls.Params(), lambda: False)
    same_picture(shown(cls(), data, (640, 480)), f"{name}_8_dark")


@pytest.mark.parametrize("show", ["mean", "density"])
def test_waveforms_otherwise(show, selection, shown, same_picture):
    cls = VIEWS["waveforms"]
    params = cls.Params(show=show, overlap=False)
    data = cls.load(selection(2), params, lambda: False)
    same_picture(shown(cls(params), data, (500, 400)), f"waveforms_2_{show}")


def test_empty(shown, same_picture):
    view = VIEWS["waveforms"]()
    reason = "No raw data: experiment.dat was looked for beside experiment.kwik, in vain."
    same_picture(shown(view, Empty(reason), (500, 400)), "empty")


def test_a_wrong_picture_is_told(selection, shown, same_picture, monkeypatch):
    monkeypatch.delenv("PHYGUI_STORE_PICTURES", raising=False)
    cls = VIEWS["features"]
    view = shown(cls(), cls.load(selection(1), cls.Params(), lambda: False), (500, 400))
    with pytest.raises(AssertionError, match="differ"):
        same_picture(view, "features_2_dark")


@pytest.mark.parametrize("what", ["2_dark", "2_light", "8_dark"])
def test_every_view_has_a_stored_picture(what):
    stored = {path.stem for path in (Path(__file__).parent / "pictures").glob("*.png")}
    ours = {name for name in SPECS if owner("view", name) is None}
    assert {f"{name}_{what}" for name in ours} <= stored

"""What a format holds of every spike, under names of its own: axes, filters and tables offer it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phygui import Session
from phygui.gui.dialogs.view_settings import choices_of, params_of
from phygui.views.amplitude.view import AmplitudeParams, AmplitudeView
from phygui.views.cluster_scatter.view import ClusterScatterParams, ClusterScatterView
from phygui.views.core.base import Empty
from phygui.views.core.lasso import Lasso
from phygui.views.feature.view import FeatureParams, FeatureView

LABEL = "sorter's amplitude"


def never() -> bool:
    return False


@pytest.fixture
def sizes(distribution: Path, tmp_path: Path) -> Iterator[tuple[Session, Any]]:
    """A session on a dataset that holds a size of every spike, and the sizes."""
    from npy_folder import write  # type: ignore[import-not-found]

    folder = write(tmp_path)
    with Session.open(folder, journal=False) as session:
        session.select([5, 2])
        yield session, np.load(folder / "sizes.npy")


def test_the_amplitude_view_shows_it(sizes: tuple[Session, Any]) -> None:
    session, expected = sizes
    snapshot, params = session.snapshot(), AmplitudeParams(value=LABEL)
    data = AmplitudeView.load(snapshot, params, never)
    assert not isinstance(data, Empty)
    np.testing.assert_array_equal(data.amplitudes, expected[data.spike_ids])
    assert data.label == LABEL
    assert data.edges[0] > 0  # nothing pulls the axis to zero
    low = float(np.median(expected[snapshot.spikes(5)])) + 1e-6
    corners = np.array([(-1.0, low), (1e3, low), (1e3, 1e4), (-1.0, 1e4)])
    lasso = Lasso("time", data.key, 0, corners)
    found = AmplitudeView.spikes_in_lasso(snapshot, params, lasso, never)
    own = np.sort(np.concatenate([snapshot.spikes(c) for c in (5, 2)]))
    np.testing.assert_array_equal(found, own[expected[own] > low])


def test_the_grid_of_features_takes_it(sizes: tuple[Session, Any]) -> None:
    session, expected = sizes
    data = FeatureView.load(session.snapshot(), FeatureParams(grid="time,=size 0A,=size"), never)
    assert not isinstance(data, Empty)
    key = data.plots[0].y
    np.testing.assert_array_equal(data.values[key], expected[data.spike_ids])
    assert key not in data.masks
    assert data.labels[key] == LABEL
    wrong = FeatureView.load(session.snapshot(), FeatureParams(grid="time,=length"), never)
    assert isinstance(wrong, Empty)
    assert "=size" in wrong.reason


def test_clusters_are_placed_filtered_and_sorted_by_it(sizes: tuple[Session, Any]) -> None:
    session, expected = sizes
    session.learn_all()
    medians = {c: np.median(expected[s]) for c, s in session.spikes_per_cluster.items()}
    params = ClusterScatterParams(x=LABEL, y="depth")
    data = ClusterScatterView.load(session.snapshot(), params, never)
    assert not isinstance(data, Empty)
    np.testing.assert_allclose(data.x, [medians[c] for c in data.cluster_ids])
    assert data.labels[0] == LABEL
    middle = float(np.median(list(medians.values())))
    clusters = session.navigation.clusters
    clusters.set_filter(f"spike_size > {middle}")
    assert {c for c in medians if clusters.passes(c)} == {
        c for c, m in medians.items() if m > middle
    }


def test_where_nothing_is_stored_nothing_is_offered(small: Path, sizes: Any) -> None:
    session, _ = sizes
    with Session.open(small, journal=False) as other:
        for cls, name in ((AmplitudeParams, "value"), (ClusterScatterParams, "x")):
            field = next(f for f in fields(cls) if f.name == name)
            assert LABEL in choices_of(field.metadata, session.shank)
            assert LABEL not in choices_of(field.metadata, other.shank)
            kept = {name: LABEL}
            assert getattr(params_of(cls, kept, session.shank), name) == LABEL
            assert params_of(cls, kept, other.shank) == cls()
        # Settings may come from a script.
        for view, params in (
            (AmplitudeView, AmplitudeParams(value=LABEL)),
            (ClusterScatterView, ClusterScatterParams(x=LABEL)),
        ):
            found = view.load(other.snapshot(), params, never)
            assert isinstance(found, Empty)
            assert LABEL in found.reason

"""The interval view: its numbers, its picture, its interactions."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from qtpy.QtCore import Qt

from phygui.curation.statistics.snapshot import Snapshot
from phygui.dataset.clock import SpikeClock
from phygui.dataset.timeline import Timeline
from phygui.views.core.base import Cancelled, Empty
from phygui.views.core.colors import theme
from phygui.views.isi import view as isi
from phygui.views.isi.view import IsiParams, IsiView, load

RATE = 20_000.0
SIZE = (500, 300)


def never() -> bool:
    return False


@pytest.fixture(autouse=True)
def _fresh_cache():
    isi._cache.clear()


@pytest.fixture
def snapshot() -> Snapshot:
    rng = np.random.default_rng(0)
    samples = np.cumsum(rng.integers(1, 300, 3000)).astype(np.uint64)
    clusters = rng.integers(0, 4, 3000).astype(np.int32)
    spikes = {c: np.flatnonzero(clusters == c) for c in range(4)}
    clock = SpikeClock(samples, Timeline.joined([int(samples[-1]) + 1]), RATE)
    model = SimpleNamespace(sample_rate=RATE, spike_samples=samples, clock=clock)
    return Snapshot(1, model, (2, 0), spikes, clusters, {})  # type: ignore[arg-type]


def intervals(snapshot: Snapshot, cluster_id: int) -> np.ndarray:
    samples = snapshot.shank.spike_samples[snapshot.spikes(cluster_id)].astype(int)
    return np.diff(samples) / RATE * 1000


@pytest.mark.parametrize("log", [False, True])
def test_counts_are_those_of_the_intervals(snapshot, log):
    data = load(snapshot, IsiParams(bin_ms=1, longest_ms=30, log=log), never)
    assert data.edges_ms[-1] == pytest.approx(30)
    for k, c in enumerate((2, 0)):
        found = intervals(snapshot, c)
        expected = [
            np.sum((found >= a - 1e-9) & (found < b - 1e-9))
            for a, b in zip(data.edges_ms[:-1], data.edges_ms[1:], strict=True)
        ]
        assert data.heights[k].tolist() == expected
        assert data.heights[k].sum() > 100
    assert len(data.heights[0]) == (26 if log else 30)


def test_violations(snapshot):
    data = load(snapshot, IsiParams(refractory_ms=3), never)
    for k, c in enumerate((2, 0)):
        expected = np.sum(intervals(snapshot, c) < 3 - 1e-9) / len(snapshot.spikes(c))
        assert data.violations[k] == pytest.approx(expected)


def test_a_known_cluster_is_not_counted_again(snapshot, monkeypatch):
    load(snapshot, IsiParams(), never)
    monkeypatch.setattr(isi, "isi_histogram", None)
    load(snapshot, IsiParams(), never)
    with pytest.raises(TypeError):
        load(snapshot, IsiParams(bin_ms=2), never)


def test_cancelled(snapshot):
    with pytest.raises(Cancelled):
        load(snapshot, IsiParams(), lambda: True)


def test_one_spike_and_nothing_selected(snapshot):
    lonely = Snapshot(1, snapshot.shank, (9,), {9: np.array([3])}, snapshot.spike_clusters, {})
    assert load(lonely, IsiParams(), never).heights.sum() == 0
    nothing = Snapshot(1, snapshot.shank, (), {}, snapshot.spike_clusters, {})
    assert isinstance(load(nothing, IsiParams(), never), Empty)


@pytest.fixture
def view(shown, snapshot):
    view = IsiView(IsiParams(bin_ms=1, longest_ms=30))
    return shown(view, load(snapshot, view.params, never), SIZE)


@pytest.mark.parametrize("name", ["dark", "light"])
def test_bars_are_as_high_as_the_counts(view, picture, name):
    view.set_theme(name)
    image = picture(view)
    for k in range(2):
        color = theme(name).clusters[k][:3].astype(int)
        for column in (2, 8, 15):
            count = view.data.heights[k, column]
            x, y = view.to_pixels(k, column + 0.5, count)
            assert np.abs(image[int(y) + 3, int(x)] - color).max() < 5
            assert np.abs(image[int(y) - 3, int(x)] - color).max() > 50


def test_what_is_written(view, picture):
    picture(view)
    written = [label.text for label in view.all_labels]
    assert {"2", "0", "spikes", "20", "30 ms"} <= set(written)
    assert sum(text.endswith("% < 2 ms") for text in written) == 2


def test_interactions(view, mouse, qtbot, picture):
    said = []
    view.hovered.connect(said.append)
    mouse(view).move(view.to_pixels(1, 5.5, 1))
    assert said[-1].startswith("cluster 0, ")
    assert said[-1].endswith(f"5 to 6 ms: {view.data.heights[1, 5]} spikes")
    with qtbot.waitSignal(view.cluster_clicked) as caught:
        mouse(view).click(view.to_pixels(1, 5.5, 1), held=Qt.KeyboardModifier.ControlModifier)
    assert caught.args == [0]
    before = view.cells[0].y.view[1]
    mouse(view).wheel(view.to_pixels(1, 5.5, 1), 1, Qt.KeyboardModifier.ControlModifier)
    picture(view)
    assert view.cells[0].y.view[1] == pytest.approx(before / view.data_scale)
    mouse(view).wheel(view.to_pixels(1, 10, 1), 2)
    assert view.cells[0].x.view[1] < 30


@pytest.mark.parametrize("n", [1, 8, 25])
def test_many_clusters(shown, snapshot, picture, n):
    spikes = {c: snapshot.spikes(c % 4) for c in range(n)}
    many = Snapshot(1, snapshot.shank, tuple(range(n)), spikes, snapshot.spike_clusters, {})
    view = IsiView(IsiParams(log=True))
    shown(view, load(many, view.params, never), SIZE)
    picture(view)
    assert len(view.cells) == min(n, 20)
    assert view.data.n_left_out == max(n - 20, 0)
    notes = [label.text for label in view.all_labels if "not shown" in label.text]
    assert notes == (["5 more selected clusters are not shown"] if n == 25 else [])


@pytest.mark.parametrize("size", [(960, 150), (380, 155), (500, 350), (300, 700)])
@pytest.mark.parametrize("n", [2, 3, 8, 20])
def test_plots_are_neither_flat_nor_thin(shown, snapshot, picture, size, n):
    spikes = {c: snapshot.spikes(c % 4) for c in range(n)}
    many = Snapshot(1, snapshot.shank, tuple(range(n)), spikes, snapshot.spike_clusters, {})
    view = shown(IsiView(), load(many, IsiParams(), never), size)
    picture(view)
    columns, rows = (len({getattr(c, along) for c in view.cells}) for along in ("column", "row"))
    ratio = (size[0] / columns) / (size[1] / rows)
    assert 0.5 < ratio < 2.5 or n == 2
    # Another size arranges them anew.
    view.size = (400, 400)
    picture(view)
    assert view.layout.boxes[:, :2].max() < 400
    assert abs(len({c.column for c in view.cells}) - len({c.row for c in view.cells})) <= 1


@pytest.mark.parametrize("n", [1, 2, 3, 5])
@pytest.mark.parametrize("height", [60, 90, 120, 180, 300])
def test_two_numbers_can_be_read_beside_plots_of_a_single_interval(shown, picture, n, height):
    samples = np.sort(np.arange(n)[:, None] * 40_000 + [0, 200]).ravel().astype(np.uint64)
    clock = SpikeClock(samples, Timeline.joined([int(samples[-1]) + 1]), RATE)
    model = SimpleNamespace(sample_rate=RATE, spike_samples=samples, clock=clock)
    spikes = {c: np.array([2 * c, 2 * c + 1]) for c in range(n)}
    clusters = np.repeat(np.arange(n), 2).astype(np.int32)
    lonely = Snapshot(1, model, tuple(range(n)), spikes, clusters, {})  # type: ignore[arg-type]
    view = IsiView()
    shown(view, load(lonely, view.params, never), (330, height))
    picture(view)
    if view.layout.boxes[0][3] < 30:
        return
    found = [label.text for label in view.layout.labels if label.align == ("right", "center")]
    assert found.count("0") == n
    assert len(found) == 2 * n
    assert "spikes" in [label.text for label in view.layout.labels]

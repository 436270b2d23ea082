"""The event view: its numbers, its picture, its interactions."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from qtpy.QtCore import Qt

from phygui.curation.statistics.snapshot import Snapshot
from phygui.dataset.clock import SpikeClock
from phygui.dataset.timeline import Timeline
from phygui.views.core.base import Cancelled, Empty
from phygui.views.core.colors import theme
from phygui.views.peth import view as peth_view
from phygui.views.peth.view import PethParams, PethView, load

RATE = 20_000.0
SIZE = (500, 300)


def never() -> bool:
    return False


def made(n: int, selected: tuple[int, ...]) -> Snapshot:
    """So many clusters, of which the third answers every event."""
    rng = np.random.default_rng(0)
    events = np.arange(1.0, 19.0, 0.7)
    evoked = (events + 0.105) * RATE
    samples = np.sort(np.r_[rng.integers(0, 400_000, 3000), evoked.round()]).astype(np.uint64)
    clusters = rng.integers(0, n, len(samples)).astype(np.int32)
    clusters[np.isin(samples, evoked.round())] = 2
    spikes = {c: np.flatnonzero(clusters == c) for c in range(n)}
    model = SimpleNamespace(
        sample_rate=RATE,
        duration=20.0,
        spike_samples=samples,
        clock=SpikeClock(samples, Timeline.joined([400_000]), RATE),
        events={"light": events, "sound": np.array([3.3, 7.1])},
        path=Path("experiment.kwik"),
    )
    return Snapshot(1, model, selected, spikes, clusters, {})  # type: ignore[arg-type]


@pytest.fixture
def snapshot() -> Snapshot:
    return made(4, (2, 0))


@pytest.mark.parametrize(("number", "event"), [(1, "light"), (2, "sound")])
def test_counts_are_those_around_every_event(snapshot, number, event):
    data = load(snapshot, PethParams(event=number), never)
    assert data.event == event
    assert data.n_events == len(snapshot.shank.events[event])
    assert data.edges[0] == pytest.approx(-0.2)
    assert data.edges[-1] == pytest.approx(0.5)
    for k, c in enumerate((2, 0)):
        times = snapshot.shank.spike_samples[snapshot.spikes(c)].astype(int)
        starts = (snapshot.shank.events[event] * RATE).round().astype(int)
        lags = (times[None, :] - starts[:, None]).ravel()
        expected = [np.sum((lags >= a * 200) & (lags < (a + 1) * 200)) for a in range(-20, 50)]
        assert data.counts[k].tolist() == expected
        np.testing.assert_allclose(data.heights[k], data.counts[k] / data.n_events / 0.01)
        assert data.mean_rates[k] == pytest.approx(len(times) / 20)


@pytest.mark.parametrize("rate", [20_000.0, 24_414.0625, 29_999.95])
@pytest.mark.parametrize("bin_ms", [0.3, 1.0])
def test_every_spike_lies_under_the_bar_that_counts_it(snapshot, rate, bin_ms):
    snapshot.shank.sample_rate = rate
    data = load(snapshot, PethParams(event=2, before=0.05, after=0.05, bin_ms=bin_ms), never)
    widths = np.diff(data.edges) * rate
    np.testing.assert_allclose(widths, round(bin_ms * rate / 1000), rtol=1e-6)
    samples = snapshot.shank.spike_samples[snapshot.spikes(2)].astype(int)
    starts = np.rint(snapshot.shank.events["sound"] * rate).astype(int)
    lags = (samples[None, :] - starts[:, None]) / rate
    for k, (low, high) in enumerate(pairwise(data.edges)):
        assert data.counts[0, k] == np.sum((lags > low - 1e-9) & (lags < high - 1e-9))


def test_an_answer_is_seen(snapshot):
    data = load(snapshot, PethParams(), never)
    assert data.event == "light", "the first one"
    k = int(np.argmax(data.heights[0]))
    assert data.edges[k] == pytest.approx(0.1)
    assert data.heights[0, k] >= 100


def test_what_cannot_be_shown_is_said(snapshot):
    found = load(snapshot, PethParams(event=3), never)
    assert isinstance(found, Empty)
    assert found.reason == "There is no event type 3, only 2: 1 light, 2 sound"
    nothing = Snapshot(1, snapshot.shank, (), {}, snapshot.spike_clusters, {})
    assert load(nothing, PethParams(), never) == Empty(
        "Select a cluster to see its spikes about events."
    )
    snapshot.shank.events = {}
    assert load(snapshot, PethParams(), never) == Empty("There are no events in experiment.kwik")


def test_bins_are_bounded_and_the_load_cancelled(snapshot):
    data = load(snapshot, PethParams(before=60, after=60, bin_ms=0.1), never)
    assert data.counts.shape[1] <= 2001
    with pytest.raises(Cancelled):
        load(snapshot, PethParams(), lambda: True)


def test_a_trial_says_all_its_spikes_also_those_that_are_not_drawn(shown, snapshot, monkeypatch):
    every = load(snapshot, PethParams(), never).trials[0]
    monkeypatch.setattr(peth_view, "MOST_SPIKES", 40)
    view = shown(PethView(), load(snapshot, PethParams(), never), SIZE)
    assert len(view.data.trials[0].lags) == 20
    n = np.count_nonzero(every.trials == 3)
    assert n > np.count_nonzero(view.data.trials[0].trials == 3)
    assert view.describe(2, 0.105, -3.0).endswith(f": {n} spikes")


@pytest.fixture
def view(shown, snapshot):
    view = PethView()
    return shown(view, load(snapshot, view.params, never), SIZE)


@pytest.mark.parametrize("name", ["dark", "light"])
def test_the_picture(view, picture, name):
    view.set_theme(name)
    image = picture(view)
    color = theme(name).clusters[0][:3].astype(int)
    x, y = view.to_pixels(0, 0.105, view.data.heights[0].max())
    assert np.abs(image[int(y) + 3, int(x)] - color).max() < 5
    assert np.abs(image[int(y) - 3, int(x)] - color).max() > 50
    written = {label.text for label in view.all_labels}
    assert {"2", "0", "spikes/s", "26× light"} <= written
    assert any(text.endswith(" s") for text in written)
    line = view.to_pixels(1, 0.3, view.data.mean_rates[1])[1]
    left, _, width, _ = view.layout.boxes[1].astype(int)
    rows = image[int(line) - 1 : int(line) + 2, left + 2 : left + width - 2].astype(int)
    accent = theme(name).roles["accent"][:3].astype(int)
    assert (np.abs(rows - accent).max(axis=2) < 120).any(axis=0).mean() > 0.9


def test_interactions(view, mouse, qtbot):
    said = []
    view.hovered.connect(said.append)
    mouse(view).move(view.to_pixels(1, 0.105, 1))
    count = view.data.counts[1, 30]
    assert said[-1].startswith(f"cluster 0, 100 to 110 ms from light: {count} spikes, ")
    with qtbot.waitSignal(view.cluster_clicked) as caught:
        mouse(view).click(view.to_pixels(0, 0.1, 1), held=Qt.KeyboardModifier.ControlModifier)
    assert caught.args == [2]


def test_trials_stand_over_the_histogram_and_say_what_they_are(view, snapshot):
    data = view.data
    assert len(view.cells) == 4
    # The raster of each cluster is over its histogram, on the same axis.
    for k in range(2):
        histogram, raster = view.layout.boxes[k], view.layout.boxes[2 + k]
        assert raster[1] + raster[3] <= histogram[1]
        assert raster[0] == histogram[0]
        assert view.cells[2 + k].x is view.cells[k].x
    text = view.describe(2, 0.105, -3.0)
    assert text.startswith("cluster 2, trial 4 of 26, 105 ms from light: ")
    n = int(np.count_nonzero(data.trials[0].trials == 3))
    assert text.endswith(f"{n} spikes")
    chosen = []
    view.cluster_clicked.connect(chosen.append)
    view.on_ctrl_click(3, 0.0, 0.0, 1)
    assert chosen == [0]
    view.change_params(trials=False)
    assert len(view.cells) == 2
    by_time = load(snapshot, PethParams(order="first spike"), never)
    firsts = [
        min(
            (x for x, t in zip(of.lags, of.trials, strict=True) if t == trial and x >= 0), default=9
        )
        for of in by_time.trials
        for trial in np.argsort(of.rows)
    ]
    assert firsts[:26] == sorted(firsts[:26])
    assert firsts[26:] == sorted(firsts[26:])


@pytest.mark.parametrize(("n", "name"), [(2, "dark"), (2, "light"), (8, "dark")])
def test_pictures(shown, same_picture, n, name):
    data = load(made(8, (2, 0, 1, 3, 4, 5, 6, 7)[:n]), PethParams(), never)
    same_picture(shown(PethView(theme=name), data, (500, 350)), f"events_{n}_{name}")

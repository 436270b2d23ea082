"""The rates of all clusters are counted, and sent to be drawn, when their spikes are other ones."""

from __future__ import annotations

import gc
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from phygui.curation.statistics.snapshot import Snapshot
from phygui.dataset.clock import SpikeClock
from phygui.dataset.groups import GOOD, MUA, NOISE
from phygui.dataset.timeline import Timeline
from phygui.views.raster import rates
from phygui.views.raster import view as module
from phygui.views.raster.view import RasterParams, RasterView, load

RATE = 20_000.0
N_CLUSTERS = 300
ORDERS = ("id", "number of spikes", "selection")


def never() -> bool:
    return False


@pytest.fixture
def snapshot() -> Snapshot:
    """Many clusters, of all groups and of none."""
    rng = np.random.default_rng(0)
    samples = np.sort(rng.integers(0, 400_000, 9000)).astype(np.uint64)
    clusters = rng.integers(0, N_CLUSTERS, 9000).astype(np.int32)
    spikes = {c: np.flatnonzero(clusters == c) for c in range(N_CLUSTERS)}
    clock = SpikeClock(samples, Timeline.joined([400_000]), RATE)
    model = SimpleNamespace(sample_rate=RATE, spike_samples=samples, clock=clock)
    groups = {c: (GOOD, MUA, NOISE)[c % 3] for c in range(0, N_CLUSTERS, 2)}
    return Snapshot(1, model, (70, 20), spikes, clusters, groups)  # type: ignore[arg-type]


def merged(snapshot: Snapshot, a: int, b: int) -> Snapshot:
    spikes = dict(snapshot.spikes_per_cluster)
    spikes[N_CLUSTERS] = np.sort(np.concatenate([spikes.pop(a), spikes.pop(b)]))
    return replace(snapshot, spikes_per_cluster=spikes)


def test_they_are_the_same_while_the_spikes_are(snapshot):
    first = load(snapshot, RasterParams(), never)
    for order in ("id", "selection"):
        for selected in ((), (5,), (70, 20)):
            chosen = replace(snapshot, cluster_ids=selected)
            assert load(chosen, RasterParams(order=order), never).of_all is first.of_all
    clock = SpikeClock(snapshot.shank.spike_samples, Timeline.joined([400_000]), RATE)
    others = [
        load(merged(snapshot, 7, 8), RasterParams(), never),
        load(replace(snapshot, time_range=(2.0, 9.0)), RasterParams(), never),
        load(snapshot, RasterParams(relative=False), never),
        load(replace(snapshot, shank=replace_clock(snapshot, clock)), RasterParams(), never),
    ]
    assert len({id(data.of_all) for data in (first, *others)}) == 5
    # An undo finds what a view still shows.
    assert load(snapshot, RasterParams(), never).of_all is first.of_all


def replace_clock(snapshot: Snapshot, clock: SpikeClock) -> SimpleNamespace:
    return SimpleNamespace(**{**vars(snapshot.shank), "clock": clock})


def test_they_are_kept_only_as_long_as_somebody_shows_them(snapshot):
    gc.collect()
    before = len(rates._shown)
    data = load(snapshot, RasterParams(), never)
    assert len(rates._shown) == before + 1
    del data
    gc.collect()
    assert len(rates._shown) == before


def test_an_order_moves_rows_and_their_rates(snapshot):
    by_id = load(snapshot, RasterParams(), never)
    for order in ORDERS:
        data = load(snapshot, RasterParams(order=order), never)
        of = dict(zip(data.cluster_ids, data.rates, strict=True))
        assert sorted(of) == list(by_id.cluster_ids)
        for c, expected in zip(by_id.cluster_ids, by_id.rates, strict=True):
            np.testing.assert_array_equal(of[c], expected)


@pytest.mark.parametrize("order", ORDERS)
def test_what_is_drawn_follows_selections_edits_and_settings(
    snapshot, shown, picture, order, monkeypatch
):
    params = RasterParams(order=order)
    view = shown(RasterView(params), load(snapshot, params, never), (500, 170))
    sent = []
    set_data = view._image.set_data
    monkeypatch.setattr(
        view._image, "set_data", lambda *a, **k: (sent.append(len(a[0])), set_data(*a, **k))
    )

    def shows(data) -> None:
        view.set_data(data)
        fresh = shown(RasterView(params), data, (500, 170))
        np.testing.assert_array_equal(picture(view), picture(fresh))

    for selected in ((5,), (), (70, 20, 299)):
        shows(load(replace(snapshot, cluster_ids=selected), params, never))
    groups = dict.fromkeys(range(100), NOISE)
    shows(load(replace(snapshot, cluster_groups=groups), params, never))
    assert not sent
    edited = merged(snapshot, 7, 8)
    shows(load(edited, params, never))
    shows(load(snapshot, params, never))
    shows(load(snapshot, replace(params, relative=False), never))
    shows(load(replace(snapshot, time_range=(3.0, 8.0)), params, never))
    assert sent == [N_CLUSTERS - 1, N_CLUSTERS, N_CLUSTERS, N_CLUSTERS]


def told_apart(view: RasterView, shape: tuple[int, ...]) -> np.ndarray:
    """Pixels whose middle is not where two rows, or two bins of time, of the raster meet."""
    rows = [view.to_pixels(0, 0, 0.5 - k)[1] for k in range(N_CLUSTERS + 1)]
    columns = [view.to_pixels(0, 20 * k / rates.N_BINS, 0)[0] for k in range(rates.N_BINS + 1)]
    away = [
        np.abs(np.arange(n)[:, None] + 0.5 - ends).min(axis=1) > 0.01
        for n, ends in zip(shape, (rows, columns), strict=False)
    ]
    return np.logical_and.outer(*away)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("selected", [(), (70, 20), (0, 299, 150), tuple(range(N_CLUSTERS))])
def test_rows_drawn_together_look_as_if_drawn_one_by_one(
    snapshot, shown, picture, order, selected, monkeypatch
):
    params = RasterParams(order=order)
    data = load(replace(snapshot, cluster_ids=selected), params, never)
    view = shown(RasterView(params), data, (500, 163))
    heights = module.half_heights

    def hardly_more(*arguments):
        half, half_selected = heights(*arguments)
        return half + 1e-9, half_selected + 1e-9

    for low, high in ((0.5 - N_CLUSTERS, 0.5), (-220.0, -130.0)):
        view.cells[0].y.show(low, high)
        view.refresh()
        together = picture(view)
        assert view._image.n_drawn < N_CLUSTERS / 10
        with monkeypatch.context() as patch:
            patch.setattr(module, "half_heights", hardly_more)
            view.refresh()
            apart = picture(view)
        assert view._image.n_drawn == N_CLUSTERS
        clear = told_apart(view, apart.shape)
        assert clear.mean() > 0.8
        assert len(np.unique(apart.reshape(-1, 3), axis=0)) > 20
        np.testing.assert_array_equal(together[clear], apart[clear])

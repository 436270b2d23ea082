"""The views of all clusters at once: probe, scatter, similarity."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import Qt

from phygui.curation.session import Session
from phygui.curation.statistics import similarity_rows
from phygui.views import VIEWS
from phygui.views.cluster_scatter import view as cluster_scatter
from phygui.views.cluster_scatter.view import ClusterScatterParams, ClusterScatterView
from phygui.views.core.base import Cancelled, Empty
from phygui.views.core.colors import theme
from phygui.views.core.palette import colored_clusters
from phygui.views.core.visuals import text_width
from phygui.views.data import cluster_values
from phygui.views.data.cluster_values import column, is_awaited, location_of, stats_of
from phygui.views.probe import view as probe
from phygui.views.probe.view import ProbeParams, ProbeView
from phygui.views.similarity import view as similarity
from phygui.views.similarity.view import SimilarityParams, SimilarityView

SIZE = (600, 400)


def never() -> bool:
    return False


@pytest.fixture
def session(small):
    with Session.open(small, read_only=True) as opened:
        by_size = sorted(
            opened.spikes_per_cluster, key=lambda c: -len(opened.spikes_per_cluster[c])
        )
        opened.select(by_size[:2])
        yield opened


@pytest.fixture
def bare(small):
    """The same with neither features nor raw data."""
    small.with_suffix(".kwx").unlink()
    small.with_suffix(".dat").unlink()
    with Session.open(small, read_only=True) as opened:
        yield opened


def spot(view, image, cell, x, y, reach=4):
    column_, row = (round(v) for v in view.to_pixels(cell, x, y))
    return image[row - reach : row + reach + 1, column_ - reach : column_ + reach + 1].astype(int)


def has_color(patch, index, name="dark"):
    color = theme(name).clusters[index][:3].astype(int)
    return np.abs(patch - color).max(axis=2).min() < 25


# -- probe -------------------------------------------------------------------------------------


def test_probe_data(session):
    snapshot = session.snapshot()
    data = probe.load(snapshot, ProbeParams(), never)
    assert data.cluster_ids[-1] == session.selected[0]
    assert sorted(data.cluster_ids) == sorted(snapshot.spikes_per_cluster)
    np.testing.assert_array_equal(data.channels, session.model.channel_positions)
    stats = stats_of(snapshot, data.cluster_ids, never)
    for k, c in enumerate(data.cluster_ids):
        np.testing.assert_allclose(data.places[k], location_of(snapshot, stats[c]))
    assert data.colors[-2:].tolist() == [1, 0]


@pytest.mark.parametrize("name", ["dark", "light"])
def test_probe_paints_clusters_and_channels(session, shown, picture, name):
    view = ProbeView(theme=name)
    view = shown(view, probe.load(session.snapshot(), view.params, never), SIZE)
    image = picture(view)
    for k in (-1, -2):
        x, y = view.data.places[k]
        assert has_color(spot(view, image, 0, x, y), -1 - k, name)
        assert has_color(spot(view, image, 1, view.data.sizes[k], y), -1 - k, name)
    written = {label.text for label in view.all_labels}
    assert any(text.startswith("x (µm") for text in written)
    assert {"y (µm)", "amplitude (µV)", view.data.channel_names[3]} <= written
    # Names of contacts stand outside, where no cluster covers them.
    xs = view.data.channels[:, 0]
    names = dict(zip(view.data.channel_names, xs, strict=True))
    of_contacts = [label for label in view.labels if label.cell == 0]
    assert of_contacts
    for label in of_contacts:
        is_left = names[label.text] < (xs.min() + xs.max()) / 2
        assert label.align[0] == ("right" if is_left else "left")
    view.change_params(all_names=True)
    picture(view)
    assert set(view.data.channel_names) <= {label.text for label in view.all_labels}
    view.change_params(channel_names=False)
    assert not view.is_stale
    picture(view)
    assert len(view.all_labels) < len(written)


@pytest.mark.parametrize(
    ("width", "size"),
    [(0.0, (740, 430)), (20.0, (500, 270)), (20.0, (1300, 900)), (400.0, (740, 430))],
)
def test_the_probe_is_to_scale_or_says_what_is_not(session, shown, width, size):
    view = ProbeView()
    data = probe.load(session.snapshot(), view.params, never)
    n = len(data.channels)
    xs, ys = width * (np.arange(n) % 2), 20.0 * np.arange(n)
    view = shown(view, replace(data, channels=np.stack([xs, ys], axis=1)), size)
    view._lay_out(size)
    a, b = view.to_pixels(0, 0, 0), view.to_pixels(0, 100, 100)
    ratio = (b[0] - a[0]) / (a[1] - b[1])
    label = view.cells[0].x.label
    if "×" in label:
        assert ratio == pytest.approx(float(label.split(", ")[1].split("×")[0]), rel=0.02)
        assert width * (b[0] - a[0]) / 100 >= 22
    elif "not to scale" not in label:
        assert ratio == pytest.approx(1, rel=0.02)
    else:
        assert width == 400
        assert ratio < 1
    # All contacts are in sight, and squares.
    squares = view._contacts.vertices["position"].reshape(-1, 6, 2)
    assert len(squares) == n
    sides = np.ptp(squares, axis=1)
    np.testing.assert_allclose(sides, sides[0, 0])
    assert 3 <= sides[0, 0] <= 12
    # What the user zooms stays as it is.
    view.cells[0].x.show(-5, 15)
    view._lay_out(size)
    assert view.cells[0].x.view == (-5, 15)


@pytest.mark.parametrize("name", ["probe", "scatter", "raster"])
def test_clusters_that_are_not_selected_have_the_colours_of_their_groups(
    session, shown, picture, name
):
    snapshot = session.snapshot()
    others = sorted(set(snapshot.spikes_per_cluster) - set(snapshot.cluster_ids))
    groups = {c: k % 4 for k, c in enumerate(others)}
    snapshot = replace(snapshot, cluster_groups=groups)
    cls = VIEWS[name]
    view = shown(cls(), cls.load(snapshot, cls.Params(), never), SIZE)
    image = picture(view)
    for role in ("good", "mua", "noise"):
        color = theme().roles[role][:3].astype(int)
        near = np.abs(image - color).max(axis=2) < 40
        assert near.sum() > 10
    if name != "raster":
        # Those for which there is room are named.
        written = {label.text for label in view.all_labels}
        assert len(written & set(map(str, others))) > 3
        view.change_params(size_by="equal")
        assert not view.is_stale
    cluster = next(c for c in others if groups[c] == 2)
    if name == "probe":
        k = view.data.cluster_ids.index(cluster)
        said = view.describe(1, view.data.sizes[k], view.data.places[k, 1])
    elif name == "scatter":
        k = view.data.cluster_ids.index(cluster)
        said = view.describe(0, view.data.x[k], view.data.y[k])
    else:
        said = view.describe(0, 0.1, -view.data.cluster_ids.index(cluster))
    assert f"cluster {cluster} (good)" in said


def test_names_thin_out_where_there_is_no_room_unless_all_are_asked_for(session, shown, picture):
    session.select(session.cluster_ids.tolist())
    view = ProbeView()
    data = probe.load(session.snapshot(), view.params, never)
    rng = np.random.default_rng(0)
    channels = np.stack([np.tile([0.0, 20.0], 192), 10.0 * np.arange(384)], axis=1)
    names = tuple(map(str, range(10_000, 10_384)))
    data = replace(
        data, channels=channels, channel_names=names, places=rng.uniform(0, 9, data.places.shape)
    )
    view = shown(view, data, SIZE)
    picture(view)
    of_channels = [label for label in view.all_labels if label.text in names]
    assert 5 < len(of_channels) < 100
    # The cluster that was selected first is named in any case.
    assert str(session.selected[0]) in {label.text for label in view.all_labels}
    view.change_params(all_names=True)
    assert not view.is_stale
    picture(view)
    written = [label.text for label in view.all_labels]
    assert set(names) <= set(written)
    assert set(map(str, session.selected)) <= set(written)


def test_probe_clicks(session, shown, mouse, qtbot):
    view = ProbeView()
    view = shown(view, probe.load(session.snapshot(), view.params, never), SIZE)
    pos = view.to_pixels(1, view.data.sizes[-1], view.data.places[-1, 1])
    with qtbot.waitSignal(view.cluster_clicked) as caught:
        mouse(view).click(pos, held=Qt.KeyboardModifier.ControlModifier)
    assert caught.args == [session.selected[0]]
    said = []
    view.hovered.connect(said.append)
    mouse(view).move(pos)
    assert said[-1].startswith(f"cluster {session.selected[0]} at ")
    free = [
        k
        for k, place in enumerate(view.data.channels)
        if np.hypot(*(view.data.places - place).T).min() > 15
    ]
    pos = view.to_pixels(0, *view.data.channels[free[0]])
    with qtbot.waitSignal(view.channel_clicked) as caught:
        mouse(view).click(pos, held=Qt.KeyboardModifier.ControlModifier)
    assert caught.args == [int(view.data.channel_names[free[0]]), "x"]
    with qtbot.waitSignal(view.channel_clicked) as caught:
        mouse(view).click(pos, Qt.MouseButton.RightButton, Qt.KeyboardModifier.ControlModifier)
    assert caught.args == [int(view.data.channel_names[free[0]]), "y"]


def test_probe_without_features_shows_the_channels(bare, shown, picture):
    view = ProbeView()
    view = shown(view, probe.load(bare.snapshot(), view.params, never), SIZE)
    picture(view)
    assert np.isnan(view.data.places).all()
    assert view.data.channel_names[0] in {label.text for label in view.all_labels}


# -- scatter -----------------------------------------------------------------------------------


def test_scatter_data(session):
    snapshot = session.snapshot()
    params = ClusterScatterParams(x="number of spikes", y="depth")
    data = cluster_scatter.load(snapshot, params, never)
    assert data.cluster_ids[-1] == session.selected[0]
    for name, values in (("number of spikes", data.x), ("depth", data.y)):
        np.testing.assert_array_equal(values, column(snapshot, name, data.cluster_ids, never))


@pytest.mark.parametrize("log", [False, True])
def test_scatter_paints_and_picks(session, shown, picture, mouse, qtbot, log):
    view = ClusterScatterView(ClusterScatterParams(x="number of spikes", log_x=log, log_y=log))
    view = shown(view, cluster_scatter.load(session.snapshot(), view.params, never), SIZE)
    image = picture(view)
    x, y = view.data.x[-1], view.data.y[-1]
    place = (np.log10(x), np.log10(y)) if log else (x, y)
    assert has_color(spot(view, image, 0, *place), 0)
    written = {label.text: label.color for label in view.all_labels}
    assert written[str(session.selected[0])] == 0
    assert "firing rate (spikes/s)" in written
    with qtbot.waitSignal(view.cluster_clicked) as caught:
        mouse(view).click(view.to_pixels(0, *place), held=Qt.KeyboardModifier.ControlModifier)
    assert caught.args == [session.selected[0]]
    said = []
    view.hovered.connect(said.append)
    mouse(view).move(view.to_pixels(0, *place))
    assert said[-1].startswith(f"cluster {session.selected[0]}: number of spikes {x:.4g}")


@pytest.mark.parametrize(
    ("load", "params"),
    [
        (probe.load, ProbeParams()),
        (cluster_scatter.load, ClusterScatterParams()),
        (similarity.load, SimilarityParams()),
    ],
)
def test_colours_by_hand_are_of_the_selected_clusters_where_all_are_shown(session, load, params):
    data = load(session.snapshot(), params, never)
    assert len(data.cluster_ids) > len(session.selected)
    assert tuple(colored_clusters(data)) == tuple(session.selected)


def test_scatter_shows_sizes_where_there_is_no_amplitude_and_says_what_is_missing(bare):
    found = cluster_scatter.load(bare.snapshot(), ClusterScatterParams(), never)
    assert not isinstance(found, Empty)
    assert found.names == ("number of spikes", "firing rate")
    found = cluster_scatter.load(bare.snapshot(), ClusterScatterParams(x="SNR"), never)
    assert isinstance(found, Empty)
    assert "SNR is unknown: it has not been computed yet" in found.reason


# -- similarity --------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["depth", "id", "similarity"])
def test_similarity_data(session, order, monkeypatch):
    from phygui.analysis import similarity as plain

    monkeypatch.setattr(similarity, "BUDGET_S", 1e9)
    snapshot = session.snapshot()
    data = similarity.load(snapshot, SimilarityParams(order=order), never)
    assert not data.is_partial
    assert sorted(data.cluster_ids) == sorted(snapshot.spikes_per_cluster)
    summaries = [s.summary for s in stats_of(snapshot, data.cluster_ids, never).values()]
    expected = plain(summaries, summaries)
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(data.values, expected, atol=1e-6)
    # Another selection draws the same picture.
    again = similarity.load(session.snapshot(), SimilarityParams(order=order), never)
    assert again.values is data.values
    if order == "id":
        assert list(data.cluster_ids) == sorted(data.cluster_ids)
    if order == "depth":
        depths = column(snapshot, "depth", data.cluster_ids, never)
        assert (np.diff(depths) <= 0).all()


def test_a_part_of_the_similarities_is_shown_until_the_others_come(session, monkeypatch):
    monkeypatch.setattr(similarity, "BUDGET_S", 0.0)
    monkeypatch.setattr(similarity, "GO_ON_S", 0.0)
    monkeypatch.setattr(similarity_rows, "PAIRS", 1)
    data = similarity.load(session.snapshot(), SimilarityParams(), never)
    assert data.is_partial
    assert sorted(data.cluster_ids) == session.cluster_ids.tolist()
    known = 0
    while data.is_partial:
        assert (data.values != 0).sum() >= known
        known = (data.values != 0).sum()
        data = similarity.load(session.snapshot(), SimilarityParams(), never)
    assert (data.values != 0).sum() > known


def test_clusters_come_into_views_of_all_with_their_statistics(session, monkeypatch):
    monkeypatch.setattr(cluster_values, "FEW", 0)
    session.select(session.cluster_ids[-1:].tolist())
    some = session.cluster_ids[:3].tolist()
    known = stats_of(session.snapshot(), some, never)
    snapshot = replace(session.snapshot(), stats=known)
    there = [*some, session.selected[0]]
    matrix = similarity.load(snapshot, SimilarityParams(order="id"), never)
    assert list(matrix.cluster_ids) == there
    found = probe.load(snapshot, ProbeParams(), never)
    assert list(found.cluster_ids) == there
    depths = column(snapshot, "depth", session.cluster_ids, never)
    assert np.flatnonzero(np.isfinite(depths)).tolist() == [0, 1, 2, len(depths) - 1]
    # They are loaded again as more is known.
    assert ProbeView().shows_metrics
    assert is_awaited("depth")


def test_alike_clusters_are_neighbours():
    values = np.eye(5)
    for a, b in ((0, 3), (1, 4)):
        values[a, b] = values[b, a] = 0.9
    order = similarity._neighbours(values).tolist()
    assert abs(order.index(0) - order.index(3)) == 1
    assert abs(order.index(1) - order.index(4)) == 1


@pytest.mark.parametrize("name", ["dark", "light"])
def test_similarity_paints_and_picks(session, shown, picture, mouse, qtbot, name):
    view = SimilarityView()
    view = shown(view, similarity.load(session.snapshot(), view.params, never), SIZE)
    view.set_theme(name)
    image = picture(view).astype(float)
    data = view.data
    ground, full = (theme(name).roles[r][:3].astype(float) for r in ("background", "foreground"))
    n = len(data.cluster_ids)
    for i, j in ((0, 1), (2, 5), (n - 1, 3)):
        x, y = view.to_pixels(0, j, -i)
        expected = ground + (full - ground) * np.sqrt(data.values[i, j])
        assert np.abs(image[round(y), round(x)] - expected).max() < 6
    with qtbot.waitSignal(view.pair_clicked) as caught:
        mouse(view).click(view.to_pixels(0, 5, -2), held=Qt.KeyboardModifier.ControlModifier)
    assert caught.args == [data.cluster_ids[2], data.cluster_ids[5]]
    said = []
    view.hovered.connect(said.append)
    mouse(view).move(view.to_pixels(0, 5, -2))
    assert said[-1].endswith(f"similarity {data.values[2, 5]:.2f}")


def test_small_similarities_differ_on_the_scale_that_the_bar_explains(session, shown, picture):
    data = similarity.load(session.snapshot(), SimilarityParams(order="id"), never)
    values = np.zeros_like(data.values)
    values[0, 1], values[0, 2] = 0.05, 0.2
    view = shown(SimilarityView(), replace(data, values=values, selected=()), SIZE)
    image = picture(view)
    grey = [
        int(image[round(y), round(x), 1])
        for x, y in (view.to_pixels(0, column, 0) for column in (3, 1, 2))
    ]
    assert min(np.diff(grey)) > 30
    # The bar has the same grey where its scale says so.
    left, top, width, height = view.layout.boxes[0]
    for part, wanted in zip((0.05, 0.2), grey[1:], strict=True):
        label = next(a for a in view.all_labels if a.text == f"{part:g}")
        assert label.y == pytest.approx(top + height * (1 - np.sqrt(part)))
        assert abs(int(image[round(label.y), round(left + width + 14), 1]) - wanted) < 6
    assert "similarity" in {a.text for a in view.all_labels}


def test_the_pairs_of_selected_clusters_are_framed_and_no_others(session, shown, monkeypatch):
    session.select(session.cluster_ids[:4].tolist())
    view = SimilarityView(SimilarityParams(order="id"))
    shown(view, similarity.load(session.snapshot(), view.params, never), SIZE)

    def framed():
        ends = view._frames.vertices["position"].reshape(2, -1, 4, 2)
        return {
            view._pair(*view.to_data(0, *ends[:, k].mean(axis=(0, 1))))
            for k in range(ends.shape[1])
        }

    assert framed() == set(itertools.permutations(range(4), 2))
    # At the ids, and where a cluster meets itself.
    assert len(view._marks.vertices) == 3 * 4 * 6
    monkeypatch.setattr(similarity, "MOST_FRAMED", 2)
    view.refresh()
    view._lay_out(SIZE)
    assert framed() == {(0, 1), (1, 0)}
    assert len(view._marks.vertices) == 3 * 4 * 6
    # Of what is out of sight there is nothing.
    view.cells[0].x.show(5.5, 7.5)
    view._lay_out(SIZE)
    assert not len(view._frames.vertices)
    assert len(view._marks.vertices) == 4 * 6


@pytest.mark.parametrize("size", [SIZE, (600, 90), (120, 400)])
def test_ids_at_the_similarity_matrix_can_be_read(session, shown, size):
    session.select(sorted(session.spikes_per_cluster)[::3])
    view = SimilarityView()
    view = shown(view, similarity.load(session.snapshot(), view.params, never), size)
    numbers = [a for a in view.all_labels if a.text.isdecimal()]
    rows = sorted(a.y for a in numbers if a.align[1] == "center")
    assert len(rows) > 1
    assert np.diff(rows).min() >= 9
    columns = sorted((a.x, text_width(a.text)) for a in numbers if a.align[1] == "top")
    assert len(columns) > 1
    for (x0, w0), (x1, w1) in itertools.pairwise(columns):
        assert x0 + w0 / 2 <= x1 - w1 / 2
    # The best cluster is always named.
    assert sum(a.text == str(session.selected[0]) and a.color == 0 for a in numbers) == 2


@pytest.mark.parametrize("name", ["features", "amplitudes", "probe", "scatter"])
def test_the_size_of_points_is_a_setting(session, shown, mouse, name, monkeypatch):
    cls = VIEWS[name]
    data = cls.load(session.snapshot(), cls.Params(), never)
    view = shown(cls(), data, SIZE)
    changed = []
    view.params_changed.connect(lambda: changed.append(view.params.marker_size))
    monkeypatch.setattr(view, "build", None)  # Points are not made anew for it.
    left, top, width, height = view.layout.boxes[0]
    mouse(view).wheel((left + width / 2, top + height / 2), 2, Qt.KeyboardModifier.AltModifier)
    assert changed == [{3.0: 4.0, 8.0: 10.0}[cls.Params().marker_size]]
    assert not view.is_stale
    again = shown(cls(view.params), data, SIZE)
    assert again.marker_size == view.marker_size == changed[0]


@pytest.mark.parametrize("name", ["features", "amplitudes", "waveforms", "traces"])
def test_the_scale_is_a_setting_that_outlives_the_selection(
    session, shown, mouse, name, monkeypatch
):
    def load(params):
        return VIEWS[name].load(session.snapshot(), params, never)

    def middle(view):
        left, top, width, height = view.layout.boxes[0]
        return left + width / 2, top + height / 2

    def vertical(view):
        """How tall a unit is drawn, and where zero is."""
        low, high = view.cells[0].y.view
        return (high - low) / (view.data_scale if name in ("waveforms", "traces") else 1.0)

    cls = VIEWS[name]
    view = shown(cls(), load(cls.Params()), SIZE)
    first = vertical(view)
    with monkeypatch.context() as patch:
        patch.setattr(view, "build", None)  # Nothing is made anew for it.
        mouse(view).wheel(middle(view), 3, Qt.KeyboardModifier.ControlModifier)
    assert view.params == cls.Params(data_scale=1.6)
    assert not view.is_stale
    assert vertical(view) == pytest.approx(first / 1.6)
    # With other clusters, and with these again.
    before = session.selected
    session.select(sorted(session.spikes_per_cluster)[-3:])
    view.set_data(load(view.params))
    session.select(before)
    view.set_data(load(view.params))
    assert view.data_scale == 1.6
    assert vertical(view) == pytest.approx(first / 1.6)
    # In a view that is made with it, as when the program starts again.
    again = shown(cls(view.params), load(view.params), SIZE)
    assert vertical(again) == pytest.approx(first / 1.6)
    # From the dialog.
    again.change_params(data_scale=0.5)
    assert vertical(again) == pytest.approx(first / 0.5)
    mouse(again).double_click(middle(again))
    assert again.params == cls.Params()
    assert vertical(again) == pytest.approx(first)
    assert not again.cells[0].y.is_moved


@pytest.mark.parametrize("name", ["probe", "scatter"])
def test_clusters_at_one_place_are_both_named(session, shown, name):
    cls = VIEWS[name]
    data = cls.load(session.snapshot(), cls.Params(), never)
    first, second = (data.cluster_ids.index(c) for c in session.selected)
    for values in (data.sizes, data.places) if name == "probe" else (data.x, data.y):
        values[second] = values[first]
    view = shown(cls(), data, SIZE)
    written = {label.text: label for label in view.all_labels if label.color in (0, 1)}
    right, left = (written[str(c)] for c in session.selected)
    assert left.offset[0] == -right.offset[0] < 0


def test_similarity_says_what_is_missing(bare):
    found = similarity.load(bare.snapshot(), SimilarityParams(), never)
    assert isinstance(found, Empty)
    assert ".kwx" in found.reason


@pytest.mark.parametrize(
    ("load", "params"),
    [
        (probe.load, ProbeParams()),
        (cluster_scatter.load, ClusterScatterParams()),
        (similarity.load, SimilarityParams()),
    ],
)
def test_cancelled(session, load, params):
    with pytest.raises(Cancelled):
        load(session.snapshot(), params, lambda: True)


@pytest.mark.parametrize("name", ["features", "amplitudes", "rates", "traces"])
def test_clusters_told_by_colour_alone_are_in_a_legend(session, shown, name):
    view = shown(VIEWS[name](), size=SIZE)
    for n in (1, 2, 8):
        session.select(sorted(session.spikes_per_cluster)[:n])
        view.set_data(VIEWS[name].load(session.snapshot(), view.params, never))
        view.native.grabFramebuffer()
        found = sorted((a.x, a.text, a.color) for a in view.all_labels if a.color >= 0)
        assert [pair for _, *pair in found] == [[str(c), k] for k, c in enumerate(session.selected)]


def test_scatter_loads_metrics_again_as_they_come_in(session):
    view = ClusterScatterView(ClusterScatterParams(x="isolation distance"))
    assert view.shows_metrics
    found = cluster_scatter.load(session.snapshot(), view.params, never)
    assert found.reason == "The isolation distance is unknown: it has not been computed yet."
    session.learn_all()
    data = cluster_scatter.load(session.snapshot(), view.params, never)
    assert np.isfinite(data.x).any()
    assert not ClusterScatterView(ClusterScatterParams(x="violations")).shows_metrics

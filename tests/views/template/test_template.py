"""Template view: shapes against those of the clusters, its picture, its mouse, its empty states."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import Qt

from phygui.curation.session import Session
from phygui.formats.kwik.shank import KwikShank
from phygui.views.core.colors import UNSORTED, theme
from phygui.views.core.visuals import text_width
from phygui.views.data.cluster_values import stats_of
from phygui.views.template import view as template_view
from phygui.views.template.view import TemplateParams, TemplateView, load


def never():
    return False


@pytest.fixture
def snapshot(small_model, snapshot_of):
    ids, counts = np.unique(small_model.spike_clusters, return_counts=True)
    return snapshot_of(small_model, [int(c) for c in ids[np.argsort(-counts)][:2]])


@pytest.fixture
def view(shown, snapshot):
    return shown(TemplateView(), load(snapshot, TemplateParams(), never), (700, 500))


def test_each_cluster_is_on_the_channels_where_it_is_high(snapshot):
    data = load(snapshot, TemplateParams(least=0.4), never)
    stats = stats_of(snapshot, snapshot.spikes_per_cluster, never)
    gains = snapshot.shank.channel_gains
    assert set(data.owners.tolist()) == set(snapshot.spikes_per_cluster)
    for cluster_id, known in stats.items():
        shape = known.summary.mean_waveform * gains
        heights = np.ptp(shape, axis=0)
        own = data.owners == cluster_id
        order = np.argsort(-heights, kind="stable")
        wanted = order[heights[order] >= 0.4 * heights.max()][:12]
        assert data.channels[own].tolist() == wanted.tolist()
        np.testing.assert_allclose(data.shapes[own], shape.T[data.channels[own]], rtol=1e-5)
        best = data.channels[own & data.is_best]
        assert best.tolist() == [int(np.argmax(heights))]
    places = {c: k for k, c in enumerate(snapshot.cluster_ids)}
    np.testing.assert_array_equal(data.colors, [places.get(c, UNSORTED) for c in data.owners])
    # The best cluster is drawn last, and so on top.
    assert data.owners[-1] == snapshot.cluster_ids[0]


def test_templates_of_the_sorter_are_shown_where_asked_for_or_without_raw_data(snapshot):
    class Shank:
        def __init__(self, waveforms):
            self.templates = {0: np.zeros((5, 32), np.float32)}
            self.templates[0][2, 3] = -2.0
            self.spike_templates = np.zeros(snapshot.n_spikes, np.int32)
            self.waveforms = waveforms

        def __getattr__(self, name):
            return getattr(snapshot.shank, name)

    shank = Shank(snapshot.shank.waveforms)
    data = load(replace(snapshot, shank=shank), TemplateParams(templates=True), never)
    assert set(data.channels.tolist()) == {3}
    np.testing.assert_allclose(data.shapes[0], [0, 0, -2 * shank.channel_gains[3], 0, 0])


@pytest.mark.parametrize("templates", [False, True])
def test_shapes_are_worked_out_once_whatever_is_selected(snapshot, templates, monkeypatch):
    class Shank:
        spike_templates = np.zeros(snapshot.n_spikes, np.int32)
        gain = 1.0

        def __init__(self):
            self.templates = {0: np.ones((5, 32), np.float32)}

        def __getattr__(self, name):
            return getattr(snapshot.shank, name)

        @property
        def channel_gains(self):
            return self.gain * snapshot.shank.channel_gains

    made = []
    count = template_view._lines
    monkeypatch.setattr(template_view, "_lines", lambda *a: made.append(a) or count(*a))
    shank, ids = Shank(), sorted(snapshot.spikes_per_cluster)
    known = replace(snapshot, shank=shank, stats=stats_of(snapshot, ids, never))
    first = load(known, TemplateParams(templates=templates), never)
    assert len(made) == len(ids)
    other = replace(known, cluster_ids=(ids[0],))
    second = load(other, TemplateParams(templates=templates, least=0.05), never)
    assert len(made) == len(ids)
    assert second.owners[-1] == ids[0]
    assert len(second.owners) >= len(first.owners)
    # A gain that is set changes heights, and nothing else of the shank.
    shank.gain = 2.0
    third = load(known, TemplateParams(templates=templates), never)
    np.testing.assert_allclose(third.shapes, 2 * first.shapes, rtol=1e-6)


def test_while_statistics_come_in_the_others_are_left_out(small):
    with Session.open(small, read_only=True) as session:
        ids = sorted(session.spikes_per_cluster)
        session.select(ids[:1])
        snapshot = session.snapshot()
        known = stats_of(snapshot, ids[:3], never)
        many = {c: snapshot.spikes(ids[0]) for c in range(1000, 1040)}
        every = {**snapshot.spikes_per_cluster, **many}
        data = load(
            replace(snapshot, stats=known, spikes_per_cluster=every), TemplateParams(), never
        )
    assert set(data.owners.tolist()) == set(ids[:3])
    assert data.n_unknown == len(every) - 3
    view = TemplateView()
    for n, words in ((0, ""), (1, "1 cluster whose "), (2, "2 clusters whose ")):
        view.data = replace(data, n_unknown=n)
        assert view.summary == (words and f"{words}shape is not known yet")


def test_without_raw_data_and_templates_a_sentence_says_why(small_model, snapshot):
    small_model.path.with_suffix(".dat").unlink()
    from phygui import KwikModel

    with KwikModel(small_model.path) as model:
        found = load(replace(snapshot, shank=KwikShank(model)), TemplateParams(), never)
    assert found.reason.startswith("No raw data")


def peak_of(view, line):
    k = int(np.argmax(np.abs(view._dy[line])))
    return view.to_pixels(0, view._x[line, k], view._base[line] + view._dy[line, k])


def test_lines_are_where_they_are_and_a_click_asks_for_their_cluster(view, mouse, picture):
    image, data = picture(view), view.data
    ground = theme().roles["background"][:3]
    asked, said = [], []
    view.cluster_clicked.connect(asked.append)
    view.hovered.connect(said.append)
    for line in np.flatnonzero(data.is_best)[-4:]:
        x, y = peak_of(view, line)
        near = image[int(y) - 2 : int(y) + 3, int(x) - 2 : int(x) + 3]
        assert np.abs(near - ground).max() > 40
    x, y = peak_of(view, len(data.owners) - 1)
    mouse(view).move((x, y))
    assert said[-1].startswith(f"cluster {data.owners[-1]}, channel ")
    mouse(view).click((x, y), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier)
    assert asked == [data.owners[-1]]
    view.data_scale = 2.0
    k = int(np.argmax(np.abs(view._dy[-1])))
    x, y = view.to_pixels(0, view._x[-1, k], view._base[-1] + 2 * view._dy[-1, k])
    mouse(view).click((x, y), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier)
    assert asked == [data.owners[-1]] * 2
    assert view.lasso is None


@pytest.mark.parametrize(("n", "name"), [(2, "dark"), (2, "light"), (8, "dark")])
def test_pictures(n, name, small_model, snapshot_of, shown, same_picture):
    ids, counts = np.unique(small_model.spike_clusters, return_counts=True)
    snapshot = snapshot_of(small_model, [int(c) for c in ids[np.argsort(-counts)][:n]])
    data = load(snapshot, TemplateParams(), never)
    same_picture(shown(TemplateView(theme=name), data, (500, 350)), f"templates_{n}_{name}")


def test_clusters_of_one_channel_are_named_side_by_side_above_flat_beginnings(view, snapshot):
    data = view.data
    names = {label.text: label for label in view.all_labels if label.cell == 0}
    best = {int(data.owners[k]): int(data.channels[k]) for k in np.flatnonzero(data.is_best)}
    together = [c for c in best if list(best.values()).count(best[c]) > 1]
    assert together, "some are largest on the same channel"
    assert set(names) == set(map(str, best)), "in this room all are named"
    spans = []
    for label in names.values():
        x, y = view.to_pixels(0, label.x, label.y)
        left, bottom = x + label.offset[0], y + label.offset[1]
        spans.append((left, bottom, left + text_width(label.text)))
    for k, (left, bottom, right) in enumerate(spans):
        for other in spans[:k]:
            beside = left > other[2] + 3 or other[0] > right + 3
            assert beside or abs(bottom - other[1]) > 9
    # No line of its cluster is above the place where a name begins.
    for k in np.flatnonzero(data.is_best):
        label = names[str(data.owners[k])]
        assert (view._base[k] + view._dy[k, :2] <= label.y + 1e-6).all()


def test_names_can_be_read_over_the_lines_of_many_clusters(
    small_model, snapshot_of, shown, picture
):
    ids = np.unique(small_model.spike_clusters)[:20].tolist()
    data = load(snapshot_of(small_model, ids), TemplateParams(), never)
    view = shown(TemplateView(), data, (900, 130))
    crossed = 0
    for seen in (False, True):
        view._grounds.visible = seen
        # Without the names themselves.
        view._text.visible = False
        image, ground = picture(view), theme().roles["background"][:3]
        bright = 0
        for label in view.labels:
            x, y = view.to_pixels(0, label.x, label.y)
            left, bottom = round(x + label.offset[0]), round(y + label.offset[1])
            part = image[bottom - 10 : bottom - 2, left : left + round(text_width(label.text))]
            bright += int((np.abs(part - ground).max(axis=2) > 60).sum())
        if not seen:
            crossed = bright
    assert crossed > 100
    assert bright < 0.1 * crossed


def test_of_very_many_clusters_some_are_named_all_over_the_probe(shown, snapshot, monkeypatch):
    data = load(snapshot, TemplateParams(), never)
    monkeypatch.setattr(template_view, "MOST_NAMED", 6)
    view = shown(TemplateView(), data, (700, 500))
    named = {int(label.text) for label in view.labels}
    assert len(named) <= 6
    assert set(snapshot.cluster_ids) < named
    others = [c for c in np.unique(data.owners) if c not in snapshot.cluster_ids]
    places = [others.index(c) for c in named if c in others]
    assert len(places) >= 2
    assert max(places) - min(places) >= len(others) / 2


def test_of_very_many_clusters_each_is_drawn_on_fewer_channels(snapshot, monkeypatch):
    every = load(snapshot, TemplateParams(least=0.05), never)
    n_clusters = len(snapshot.spikes_per_cluster)
    monkeypatch.setattr(template_view, "_MOST_LINES", 2 * n_clusters)
    fewer = load(snapshot, TemplateParams(least=0.05), never)
    selected = np.isin(fewer.owners, snapshot.cluster_ids)
    assert np.count_nonzero(~selected) <= 2 * n_clusters < np.count_nonzero(every.colors < 0)
    # Those that are selected are drawn on as many as before, all on their largest ones.
    for cluster_id in snapshot.spikes_per_cluster:
        all_channels = every.channels[every.owners == cluster_id].tolist()
        channels = fewer.channels[fewer.owners == cluster_id].tolist()
        n = len(all_channels) if cluster_id in snapshot.cluster_ids else min(2, len(all_channels))
        assert channels == all_channels[:n]
    # However many there are, each is drawn somewhere.
    monkeypatch.setattr(template_view, "_MOST_LINES", 1)
    least = load(snapshot, TemplateParams(), never)
    assert set(least.owners.tolist()) == set(every.owners.tolist())

"""Views of the selected clusters in the window: what is written, marked and left out in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

from phygui.views.core.visuals import text_width
from phygui.views.correlogram.pair_numbers import numbers_of
from phygui.views.waveform.shown import offsets
from tests.formats.phy.folders import make
from tests.gui.curator import SHIFT, other_theme, picture, set_up, show_all, show_large, snippet


@pytest.fixture
def user(demo: Path, open_window: Callable[..., Any]) -> Any:
    return open_window(demo)


def by_size(user: Any) -> list[int]:
    """Clusters, the largest first."""
    lists = user.session.spikes_per_cluster
    return sorted(map(int, lists), key=lambda c: (-len(lists[c]), c))


def texts_in(view: Any, cell: int) -> list[str]:
    """What is written inside a plot."""
    left, top, width, height = view.layout.boxes[cell]
    return [
        label.text
        for label in view.all_labels
        if left <= label.x <= left + width and top - 1 <= label.y < top + height
    ]


def ground_of(view: Any) -> Any:
    return view.colors.roles["background"][:3].astype(int)


def colored(view: Any, batch: Any) -> int:
    """How many vertices of a batch have the colour of a selected cluster."""
    return int(np.count_nonzero(batch.vertices["color"] >= 0))


@pytest.mark.slow
def test_correlograms_say_heights_and_pairs_in_words(user: Any) -> None:
    ids = by_size(user)
    user.select(*ids[:4])
    view = show_large(user, "correlograms")
    data, n = view.drawn, 4
    for theme in ("dark", "light"):
        assert view.theme == theme
        image = picture(view)
        for cell in range(n * n):
            i, j = divmod(cell, n)
            written = texts_in(view, cell)
            if i < j:
                top = max(data.heights[i, j].max(), data.baseline[i, j].max())
                said = f"max {top:,.3g}" if top < 999.5 else f"max {top:,.0f}"
                assert {said, f"{said} pairs"} & set(written)
            if i > j:
                # In place of the mirror image.
                assert written in numbers_of(data, j, i, 2.0).texts()
        # Inside the refractory period, where no bar is, the band stands off the ground.
        ground, last = ground_of(view), n * n - 1
        k = int(np.flatnonzero(data.edges_ms[:, 0] > 5)[0])
        high = 1.05 * data.heights[-1, -1].max()
        (x, y), (beyond, _) = (view.to_pixels(last, at, high) for at in (1.0, data.edges_ms[k, 0]))
        assert np.abs(image[round(y), round(x)] - ground).max() > 20
        assert np.abs(image[round(y), round(beyond)] - ground).max() < 8
        other_theme(user)
    below = [cell for cell in range(n * n) if cell // n > cell % n]
    assert not set(below) & set(view._bars.vertices["cell"].astype(int).tolist())
    set_up(user, "correlograms", mirrored="correlograms")
    assert set(below) <= set(view._bars.vertices["cell"].astype(int).tolist())
    assert not any("chance" in text for cell in below for text in texts_in(view, cell))
    set_up(user, "correlograms", mirrored="numbers")

    # Where there is no room, no text rather than one that hides the bars or is cut.
    show_all(user)
    dock = user.window.view_docks["correlograms"]
    dock.setFloating(True)
    written = {}
    for height in (140, 400):
        dock.resize(640, height)
        user.settle()
        boxes = view.layout.boxes
        written[height] = {cell: texts_in(view, cell) for cell in range(n * n)}
        assert (boxes[:, 3].max() < 24) == (height == 140)
        for cell, found in written[height].items():
            assert all(text_width(text) <= boxes[cell, 2] for text in found)
    small, large = ([text for of in w.values() for text in of] for w in written.values())
    assert not any(text.startswith("max") for text in small)
    assert sum(text.startswith("max") for text in large) == 6


@pytest.mark.slow
def test_amplitudes_are_in_microvolts_over_their_threshold_and_a_density(user: Any) -> None:
    ids = by_size(user)
    user.select(ids[0], ids[-1])
    view = show_large(user, "amplitudes")
    data = view.drawn
    assert "amplitude (µV)" in {label.text for label in view.all_labels}
    # It is that of spikes in raw data, not of a unit of features.
    assert 20 < np.median(data.amplitudes) < 2_000
    assert 0.3 < data.threshold / np.percentile(data.amplitudes, 1) < 1
    left, _, width, _ = view.layout.boxes[0]
    for theme in ("dark", "light"):
        assert view.theme == theme
        image = picture(view)
        y = view.to_pixels(0, 0, data.threshold)[1]
        rows = image[round(y) - 1 : round(y) + 2, round(left) + 2 : round(left + width) - 2]
        dim = view.colors.roles["dim"][:3].astype(int)
        assert (np.abs(rows - dim).max(axis=2) < 12).mean(axis=1).max() > 0.5
        [name] = [label for label in view.all_labels if label.text == "detection threshold"]
        assert name.y == pytest.approx(y, abs=2)
        # Beside it each cluster's density is filled, in its colour and with an outline.
        for place in (0, 1):
            k = int(np.argmax(data.shares[place]))
            middle = data.edges[k : k + 2].mean()
            x, row = view.to_pixels(1, data.shares[place, k], middle)
            part = image[round(row) - 1 : round(row) + 2, round(x) - 2 : round(x) + 3]
            color = view.colors.clusters[place][:3].astype(int)
            assert np.abs(part - color).max(axis=2).min() < 40
        other_theme(user)
    # Few spikes are no few bars of 20% each.
    smallest = len(user.session.spikes_per_cluster[ids[-1]])
    assert np.count_nonzero(data.shares[1]) > min(smallest, 10)
    assert data.shares.max() < 20
    share = view.text_at(view.to_pixels(1, 0.1, data.edges[np.argmax(data.shares[0])] + 1e-6))
    assert share.startswith(f"cluster {ids[0]}: {data.shares[0].max():.1f}%")

    # Intervals over time in their place: what follows too soon is taken by a lasso, and split.
    user.select(ids[0])
    set_up(user, "amplitudes", value="interval")
    assert "interval (ms)" in {label.text for label in view.all_labels}
    (low, high), (bottom, _) = view.cells[0].x.view, view.cells[0].y.view
    limit = np.log10(20.0)
    corners = [(low, bottom), (high, bottom), (high, limit), (low, limit)]
    user.lasso(view, 0, corners)
    user.settle()
    own = user.session.spikes_per_cluster[ids[0]]
    samples = user.session.model.spike_samples[own].astype(np.int64)
    intervals = np.diff(samples) * 1000 / user.session.model.sample_rate
    # A corner is where the mouse was, in whole pixels.
    limit = view.lasso.points[:, 1].max()
    wanted = own[1:][np.log10(intervals) < limit]
    assert 10**limit == pytest.approx(20.0, rel=0.1)
    assert view.lasso_note == f"{len(wanted):,} of {len(own):,} spikes inside"
    user.press(Qt.Key.Key_K)
    after = user.session.history[-1].after
    assert any(np.array_equal(spikes, wanted) for spikes in after.values())


@pytest.mark.slow
def test_features_name_their_axes_and_show_histograms_by_a_key(user: Any) -> None:
    ids = by_size(user)
    user.select(*ids[:3])
    view = show_large(user, "features")
    data = view.drawn
    written = [label.text for label in view.all_labels]
    for k, cell in enumerate(view.cells):
        assert all(axis.label for axis in (cell.x, cell.y))
        low, high = cell.y.view
        said = view.text_at(view.to_pixels(k, sum(cell.x.view) / 2, low + 0.999 * (high - low)))
        for axis in (cell.x, cell.y):
            # At the plot, at that one of its column or row which has room, or under the mouse.
            name = axis.label.partition(" (")[0]
            assert name in said or axis.label in written, (k, axis.label)
    # No cluster outshines the others.
    for _ in range(2):
        table = view.palette.table(view.colors, data.cluster_ids)[16:19, :3] / 255.0
        luminance = np.where(table <= 0.04045, table / 12.92, ((table + 0.055) / 1.055) ** 2.4)
        luminance = luminance @ [0.2126, 0.7152, 0.0722]
        assert luminance.max() < 2.5 * luminance.min()
        other_theme(user)
    # Histograms on the diagonal, and back.
    plain = picture(view)
    user.press(Qt.Key.Key_D)
    diagonal = [k for k, cell in enumerate(view.cells) if cell.x.label == "% of spikes"]
    assert len(diagonal) > 1
    filled = view._fills.vertices
    assert set(filled["cell"].astype(int)) == set(diagonal)
    assert set(filled["color"].astype(int)) == {0, 1, 2}
    histogram = view.drawn.histograms[data.plots[diagonal[0]].y]
    k = int(np.argmax(histogram.profiles[1]))
    middle = histogram.edges[k : k + 2].mean()
    x, y = view.to_pixels(diagonal[0], histogram.profiles[1, k], middle)
    color = view.colors.clusters[1][:3].astype(int)
    part = picture(view)[round(y) - 2 : round(y) + 3, round(x) - 2 : round(x) + 3]
    assert np.abs(part - color).max(axis=2).min() < 40
    assert f"cluster {ids[1]}: {histogram.profiles[1, k]:.1f}%" in view.text_at((x - 1, y))
    user.press(Qt.Key.Key_D)
    np.testing.assert_array_equal(picture(view), plain)
    # A single spike is not in a corner.
    show_all(user)
    user.select(ids[0])
    session = user.session
    first = session.model.spike_times[session.spikes_per_cluster[ids[0]][0]]
    snippet(user, f"split time < {first + 1e-3:.6f}")
    [lone] = [c for c in session.selected if len(session.spikes_per_cluster[c]) == 1]
    user.select(lone)
    data = view.drawn
    for k, plot in enumerate(data.plots):
        if plot.x != "time":
            [index] = np.flatnonzero(data.colors == 0)
            x, y = view.to_pixels(k, data.values[plot.x][index], data.values[plot.y][index])
            left, top, width, height = view.layout.boxes[k]
            # In the small plots of this window too.
            assert 0.02 * width < x - left < 0.98 * width
            assert 0.02 * height < y - top < 0.98 * height


@pytest.mark.slow
@pytest.mark.roomy
def test_waveforms_mark_the_spike_keep_their_width_and_are_means_of_many(user: Any) -> None:
    ids = by_size(user)
    user.select(*ids[:2])
    view = show_large(user, "waveforms")
    data = view.drawn
    for is_beside in (False, True):
        frame, image = view.colors.roles["frame"][:3].astype(int), picture(view)
        across = offsets(data, not is_beside, np.arange(2 if is_beside else 1))
        n_seen = 0
        for x, y in data.layout.centers:
            for own in across:
                at = x + np.interp(0.0, data.times, own)
                places = [
                    view.to_pixels(0, at, y + part * data.layout.height) for part in (0.1, -0.1)
                ]
                ends = [image[round(b), round(a) - 1 : round(a) + 2] for a, b in places]
                n_seen += any(np.abs(end - frame).max(axis=1).min() < 20 for end in ends)
        # Some are under the lines.
        assert n_seen > 0.5 * len(across) * len(data.layout.centers)
        layout = data.layout
        ends = [view.to_pixels(0, x, 0)[0] for x in layout.limits[:2]]
        width = (ends[1] - ends[0]) * layout.width / (layout.limits[1] - layout.limits[0])
        height = view.size[1] * layout.height / np.ptp(view.cells[0].y.view)
        assert width <= 1.01 * max(360, 7 * height)
        # In the middle of a window that is wider, and as high as it.
        assert ends[0] > 0.1 * view.size[0]
        low, high = (view.to_pixels(0, 0, y)[1] for y in layout.limits[2:])
        assert abs(low - high) > 0.75 * view.size[1]
        user.press(Qt.Key.Key_O)
    assert view.params.overlap
    assert colored(view, view._lines) > colored(view, view._means) == 0
    show_all(user)
    user.select(*ids[:8])
    assert colored(view, view._means) > colored(view, view._lines) == 0


@pytest.mark.slow
def test_templates_take_the_place_of_waveforms_where_the_sorter_left_some(
    tmp_path: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(make(tmp_path, "kilosort4").path)
    user.select(4, 7)
    view = user.view("waveforms")
    spikes = view.drawn
    assert not spikes.are_templates
    set_up(user, "waveforms", templates=True)
    assert view.drawn.are_templates
    assert "the sorter's templates" in {label.text for label in view.all_labels}
    templates = user.session.shank.templates
    numbers = [int(t) for t in templates]
    heights = {round(float(np.ptp(templates[t], axis=0).max()), 3) for t in numbers}
    gains = float(abs(user.session.shank.channel_gains[0]))
    for mean in view.drawn.means:
        assert round(float(np.ptp(mean, axis=0).max()) / gains, 3) in heights


@pytest.mark.slow
def test_traces_name_columns_and_recordings_and_show_every_spike_on_demand(
    copy_dataset: Callable[..., Path], open_window: Callable[..., Any]
) -> None:
    with pytest.warns(match="spikedetekt2_4sec"):
        user = open_window(copy_dataset("spikedetekt2_4sec"))
    view = show_large(user, "traces")
    shank = user.session.shank
    border = float(shank.timeline.starts[1]) / shank.sample_rate
    user.window.commands.trace_to(border + 0.02)
    user.settle()
    assert "recording 1" in {label.text for label in view.all_labels}
    # Names of channels stand as far apart as columns of the probe.
    data, left = view.drawn, view.layout.boxes[0][0]
    names = [a for a in view.all_labels if a.align == ("right", "center") and a.x < left]
    columns = [int(data.columns[data.channel_labels.index(a.text)]) for a in names]
    shift = 13.0 * (data.n_columns - 1)
    assert len(names) > 3
    for label, column in zip(names, columns, strict=True):
        assert left - label.x == pytest.approx(4 + shift - 13.0 * column)
    for theme in ("dark", "light"):
        assert view.theme == theme
        plain = picture(view)
        user.press(Qt.Key.Key_A, SHIFT)
        start, stop = view.interval
        seen = (data.spike_times >= start) & (data.spike_times <= stop)
        ticks = view._ticks.vertices.reshape(-1, 2)
        assert len(ticks) == np.count_nonzero(seen) > 3
        changed = np.abs(picture(view) - plain).max(axis=2) > 20
        top = round(view.layout.boxes[0][1])
        assert changed[top + 1 : top + 9].any()
        assert not changed[top + 10 :].any()
        user.press(Qt.Key.Key_A, SHIFT)
        np.testing.assert_array_equal(picture(view), plain)
        other_theme(user)


@pytest.mark.slow
def test_the_drift_map_has_all_spikes_in_grey_by_their_size_and_the_selection_in_colour(
    user: Any,
) -> None:
    ids = by_size(user)
    user.select(*ids[:2])
    view = show_large(user, "drift")
    data = view.drawn
    for theme in ("dark", "light"):
        assert view.theme == theme
        image, ground = picture(view), ground_of(view)
        assert set(view._behind.vertices["color"].astype(int).tolist()) == {-5}
        # The selected clusters are seen where their spikes are.
        for place in (0, 1):
            color, own = view.colors.clusters[place][:3].astype(int), data.colors == place
            n_seen, known = 0, np.flatnonzero(own & np.isfinite(data.depths))
            for k in known[:50]:
                x, y = view.to_pixels(0, data.times[k], data.depths[k])
                part = image[round(y) - 2 : round(y) + 3, round(x) - 2 : round(x) + 3]
                n_seen += np.abs(part - color).max(axis=2).min() < 80
            assert n_seen > 0.8 * min(len(known), 50)
        # Of the others, the larger the stronger.
        others = ~np.isin(data.behind_clusters, ids[:2]) & np.isfinite(data.behind_depths)
        values, masks = user.session.shank.features.read(data.behind, np.arange(16))
        sizes = np.linalg.norm((values * masks[:, :, None]).reshape(len(values), -1), axis=1)
        strength = []
        for k in np.flatnonzero(others):
            x, y = view.to_pixels(0, data.behind_times[k], data.behind_depths[k])
            part = image[round(y) - 1 : round(y) + 2, round(x) - 1 : round(x) + 2]
            strength.append(np.abs(part - ground).max())
        order = np.argsort(sizes[others])
        fifth = len(order) // 5
        weak, strong = (np.mean(np.array(strength)[at]) for at in (order[:fifth], order[-fifth:]))
        assert strong > 1.2 * weak > 0
        other_theme(user)


@pytest.mark.slow
def test_trials_are_shown_and_ordered_by_keys(user: Any) -> None:
    ids = by_size(user)
    user.select(*ids[:2])
    view = show_large(user, "events")
    n = 2
    for theme in ("dark", "light"):
        assert view.theme == theme
        assert len(view.cells) == 2 * n
        [events] = user.session.shank.events.values()
        # Each spike of a trial has its place in its row.
        came = view.drawn.trials
        rate = user.session.model.sample_rate
        spikes = user.session.model.spike_samples[user.session.spikes_per_cluster[ids[0]]] / rate
        assert len(view.drawn.trials[0].rows) == len(events)
        color, image = view.colors.clusters[0][:3].astype(int), picture(view)
        drawn = 0
        for trial, event in enumerate(events):
            lags = spikes - event
            for lag in lags[(lags > -0.19) & (lags < 0.49)]:
                x, y = view.to_pixels(n, lag, -trial)
                part = image[round(y) - 2 : round(y) + 3, round(x) - 2 : round(x) + 3]
                assert np.abs(part - color).max(axis=2).min() < 120, (trial, lag)
                drawn += 1
        assert drawn > 20
        # By their first spike, those without one last; and back.
        user.press(Qt.Key.Key_O, SHIFT)
        assert view.params.order == "first spike"
        trials = view.drawn.trials[0]
        waits = []
        for trial in np.argsort(trials.rows):
            soon = trials.lags[(trials.trials == trial) & (trials.lags >= 0)]
            waits.append(soon.min() if len(soon) else np.inf)
        assert waits == sorted(waits)
        assert trials.rows.tolist() != sorted(trials.rows)
        assert (picture(view) != image).any()
        user.press(Qt.Key.Key_O, SHIFT)
        for now, before in zip(view.drawn.trials, came, strict=True):
            np.testing.assert_array_equal(now.rows, before.rows)
        # Without the rows, histograms have all of the room; and back.
        height = view.layout.boxes[0][3]
        user.press(Qt.Key.Key_T)
        assert len(view.cells) == n
        assert view.layout.boxes[0][3] > 1.3 * height
        user.press(Qt.Key.Key_T)
        np.testing.assert_array_equal(picture(view), image)
        other_theme(user)

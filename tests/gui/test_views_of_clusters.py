"""Views of all clusters in the window: colours of groups, sizes, names, and what is to scale."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

from tests.gui.curator import ALT, other_theme, picture, set_up, show_all, show_large

STEPS = (0.5, 0.65, 0.8, 1.0, 1.25, 1.5)
"""Diameters of points, from few spikes or a small amplitude to the largest."""


def has_color(image: Any, at: tuple[float, float], color: Any, reach: int = 4) -> bool:
    """Whether something at a place of a picture has a colour."""
    x, y = (round(part) for part in at)
    part = image[y - reach : y + reach + 1, x - reach : x + reach + 1]
    return bool(np.abs(part - color[:3].astype(int)).max(axis=2).min() < 25)


def row_has_color(view: Any, image: Any, cluster: int, color: Any) -> bool:
    """Whether all that is drawn of a row of the raster is of one colour, though it be faint."""
    left, _, width, _ = (round(part) for part in view.layout.boxes[0])
    y = round(view.to_pixels(0, 0, -view.drawn.cluster_ids.index(cluster))[1])
    ground = view.colors.roles["background"][:3].astype(float)
    drawn = (image[y, left + 1 : left + width - 1] - ground).sum(axis=0)
    wanted = color[:3] - ground
    return bool(drawn @ wanted > 0.98 * np.linalg.norm(drawn) * np.linalg.norm(wanted) > 0)


def place_of(view: Any, cluster: int) -> tuple[float, float]:
    """Where a cluster is drawn, in pixels."""
    data = view.drawn
    k = data.cluster_ids.index(cluster)
    if hasattr(data, "rates"):
        start, stop = data.span
        busiest = int(np.argmax(data.rates[k]))
        at = start + (busiest + 0.5) / data.rates.shape[1] * (stop - start)
        return view.to_pixels(0, at, -k)
    if hasattr(data, "places"):
        return view.to_pixels(1, data.sizes[k], data.places[k, 1])
    return view.to_pixels(0, data.x[k], data.y[k])


def size_of(view: Any, cluster: int) -> float:
    """Diameter of the point of a cluster, as a part of the usual one."""
    data = view.drawn
    k = data.cluster_ids.index(cluster)
    at = (data.sizes[k], data.places[k, 1]) if hasattr(data, "places") else (data.x[k], data.y[k])
    points = view._points
    for part, batch in zip(points._parts, points._batches, strict=True):
        if np.isclose(batch.vertices["position"], at, rtol=1e-5).all(axis=1).any():
            return part
    raise AssertionError(f"{cluster} is not drawn")


@pytest.fixture
def user(demo: Path, open_window: Callable[..., Any]) -> Any:
    return open_window(demo)


@pytest.mark.slow
def test_groups_sizes_and_names_of_all_clusters(user: Any) -> None:
    session = user.session
    sizes = {int(c): len(spikes) for c, spikes in session.spikes_per_cluster.items()}
    *others, largest = sorted(sizes, key=lambda c: (sizes[c], c))
    decided = {"good": others[-1], "mua": others[-2], "noise": largest}
    for (group, cluster), key in zip(
        decided.items(), (Qt.Key.Key_G, Qt.Key.Key_M, Qt.Key.Key_N), strict=True
    ):
        user.click_cluster(cluster)
        user.press(key, ALT)
        assert session.group_of(cluster) == group
    selected = others[:2]
    user.select(*selected)
    for kind in ("raster", "scatter", "probe"):
        view = show_large(user, kind)
        assert set(view.drawn.cluster_ids) == set(sizes)
        for theme in ("dark", "light"):
            assert view.theme == theme
            image = picture(view)
            colors = {cluster: view.colors.roles[group] for group, cluster in decided.items()}
            colors |= dict(zip(selected, view.colors.clusters, strict=False))
            for cluster, color in colors.items():
                if kind == "raster":
                    assert row_has_color(view, image, cluster, color), (theme, cluster)
                else:
                    at = place_of(view, cluster)
                    assert has_color(image, at, color), (kind, theme, cluster)
            other_theme(user)
        x, y = place_of(view, decided["good"])
        assert "(good)" in view.text_at((x, y))
        if kind != "raster":
            written = {label.text for label in view.all_labels}
            assert set(map(str, (*decided.values(), *selected))) <= written
        if kind == "scatter":
            drawn, found = picture(view), {}
            for by in ("spikes", "amplitude"):
                values = dict(zip(view.drawn.cluster_ids, view.drawn.sizes[by], strict=True))
                parts = {c: (v / max(values.values())) ** 0.5 for c, v in values.items()}
                wanted = {c: STEPS[round(part * 5)] for c, part in parts.items()}
                wanted |= {c: max(wanted[c], STEPS[2]) for c in selected}
                found[by] = {c: size_of(view, c) for c in values}
                assert found[by] == wanted
                user.press(Qt.Key.Key_S)
            assert found["spikes"] != found["amplitude"]
            np.testing.assert_array_equal(picture(view), drawn)
        if kind == "probe":
            set_up(user, kind, size_by="equal")
            assert {size_of(view, c) for c in decided.values()} == {0.7}
        show_all(user)


def test_the_probe_is_to_scale_and_named_as_there_is_room(user: Any) -> None:
    view = show_large(user, "probe")
    show_all(user)
    written = []
    for large in (False, True):
        if large:
            show_large(user, "probe")
        data = view.drawn
        (x0, y0), (x1, y1) = view.to_pixels(0, 0, 0), view.to_pixels(0, 100, 100)
        label = view.cells[0].x.label
        wider = float(label.split(", ")[1].split("×")[0]) if "×" in label else 1.0
        assert "not to scale" not in label
        assert (x1 - x0) / (y0 - y1) == pytest.approx(wider, rel=0.02)
        # Each contact is a square where the channel is.
        squares = view._contacts.vertices["position"].reshape(-1, 6, 2)
        sides = np.ptp(squares, axis=1)
        np.testing.assert_allclose(sides, sides[0, 0])
        middles = [view.to_pixels(0, *place) for place in data.channels]
        np.testing.assert_allclose(squares.mean(axis=1), middles, atol=1)
        frame, image = view.colors.roles["frame"], picture(view)
        n_seen = sum(has_color(image, at, frame) for at in middles)
        # Few are below a cluster.
        assert n_seen > len(middles) / 2
        written.append({label.text for label in view.all_labels if label.cell == 0})
    in_dock, in_window = written
    names = set(view.drawn.channel_names)
    assert in_dock & names < in_window & names == names
    show_all(user)
    set_up(user, "probe", channel_names=False)
    assert not names & {label.text for label in view.all_labels if label.cell == 0}


def test_the_similarity_matrix_shows_how_much_and_marks_only_at_its_edges(user: Any) -> None:
    ids = [int(c) for c in user.session.cluster_ids]
    user.select(ids[1], ids[4])
    view = show_large(user, "matrix")
    values, order = view.drawn.values, list(view.drawn.cluster_ids)
    left, top, width, height = view.layout.boxes[0]
    n = len(order)
    for theme in ("dark", "light"):
        assert view.theme == theme
        image = picture(view)
        ground, full = (view.colors.roles[r][:3].astype(int) for r in ("background", "foreground"))

        def at(row: int, column: int, across: float = 0.5, image: Any = image) -> Any:
            x, y = left + (column + across) * width / n, top + (row + 0.5) * height / n
            return image[round(y), round(x)]

        # By the square root: of two of little similarity the one with more is seen to have it.
        for row in range(n):
            for column in range(n):
                if row != column:
                    part = np.sqrt(values[row, column])
                    np.testing.assert_allclose(
                        at(row, column), ground + part * (full - ground), atol=4
                    )
        # The colour bar says it: none below, all above.
        x = round(left + width + 8 + 6)
        bar = image[round(top) + 1 : round(top + height) - 1, x]
        assert np.abs(bar[0] - full).max() < 8 > np.abs(bar[-1] - ground).max()
        ticks = {a.text: a.y for a in view.all_labels if a.x > x}
        apart = [top + height - ticks[text] for text in ("0.05", "0.2")]
        assert apart == pytest.approx([height * 0.05**0.5, height * 0.2**0.5])
        # A selected cluster has its colour at the edge and on the diagonal, and no line across.
        for place, cluster in enumerate((ids[1], ids[4])):
            row, color = order.index(cluster), view.colors.clusters[place][:3].astype(int)
            y = round(top + (row + 0.5) * height / n)
            x = round(left + (row + 0.5) * width / n)
            assert np.abs(image[y, round(left) - 2] - color).max() < 8
            assert np.abs(image[round(top + height) + 1, x] - color).max() < 8
            assert np.abs(at(row, row) - color).max() < 8
            assert str(cluster) in {a.text for a in view.all_labels if a.color == place}
            others = set(range(n)) - {order.index(ids[1]), order.index(ids[4])}
            borders = [at(row, k, across=0.02) for k in others]
            assert all(np.abs(border - color).max() > 30 for border in borders)
        other_theme(user)
    # In a small place the matrix has all of it.
    show_all(user)
    user.window.view_docks["matrix"].setFloating(True)
    user.window.view_docks["matrix"].resize(300, 300)
    user.settle()
    assert view.size[0] < 320
    assert "similarity" not in {label.text for label in view.all_labels}

"""The layout of channels: boxes that do not overlap, whatever the probe."""

from __future__ import annotations

import time

import numpy as np
import pytest

from phygui.views.data.probe_layout import probe_layout


def overlaps(layout) -> bool:
    dx, dy = np.abs(layout.centers[:, None] - layout.centers[None]).transpose(2, 0, 1)
    touching = (dx < layout.width * (1 - 1e-6)) & (dy < layout.height * (1 - 1e-6))
    np.fill_diagonal(touching, False)
    return bool(touching.any())


PROBES = {
    "line": np.column_stack([np.zeros(32), np.arange(32) * 20.0]),
    "two columns": np.column_stack([np.arange(32) % 2 * 20.0, np.arange(32) // 2 * 20.0]),
    "staggered": np.column_stack([np.arange(32) % 2 * 20.0, np.arange(32) * 10.0]),
    "three staggered columns": np.concatenate(
        [np.column_stack([np.full(10, 18.0 * k), np.arange(10) * 25.0 + 12.5 * (k % 2)])
         for k in range(3)]
    ),
    "tetrode": np.array([[0, 10], [10, 0], [0, -10], [-10, 0.0]]),
    "two shanks": np.concatenate([[[200.0 * s, 20.0 * k] for k in range(8)] for s in range(2)]),
    "random": np.random.default_rng(0).uniform(0, 100, (20, 2)),
    "jitter": np.column_stack([np.random.default_rng(1).normal(0, 1, 16), np.arange(16) * 20.0]),
    "four shanks": np.array([[250.0 * (k // 8) + 32 * (k % 2), 15.0 * (k % 8 // 2)]
                             for k in range(32)]),
    "two sites far apart": np.concatenate([[[k % 2 * 32.0, k // 2 * 20.0 + y] for k in range(12)]
                                           for y in (0, 3000)]),
    "row": np.column_stack([np.arange(5) * 7.0, np.zeros(5)]),
}  # fmt: skip


@pytest.mark.parametrize("name", PROBES)
def test_boxes_do_not_overlap(name):
    assert not overlaps(probe_layout(PROBES[name]))


def test_columns_of_a_regular_probe_are_used_fully():
    layout = probe_layout(PROBES["two columns"])
    assert (layout.width, layout.height) == (20, 20)
    layout = probe_layout(PROBES["staggered"])
    assert (layout.width, layout.height) == (20, 20)
    assert probe_layout(PROBES["line"]).height == 20


def test_jitter_of_a_column_does_not_make_thin_boxes():
    layout = probe_layout(PROBES["jitter"])
    assert layout.width >= np.ptp(PROBES["jitter"][:, 0])


def test_coinciding_channels_are_put_in_a_column_in_their_order():
    layout = probe_layout(np.zeros((4, 2)))
    assert not overlaps(layout)
    assert np.all(np.diff(layout.centers[:, 1]) < 0)


def test_one_channel_fills_everything():
    layout = probe_layout([[3.0, 4.0]])
    assert layout.limits == (2.5, 3.5, 3.5, 4.5)


def test_no_channels_are_refused():
    with pytest.raises(ValueError, match="no channels"):
        probe_layout(np.empty((0, 2)))


def test_nearest_channel():
    layout = probe_layout(PROBES["two columns"])
    for k, (x, y) in enumerate(layout.centers):
        assert layout.nearest(x + 3, y - 4) == k


def part_covered(layout) -> float:
    x0, x1, y0, y1 = layout.limits
    return len(layout.centers) * layout.width * layout.height / ((x1 - x0) * (y1 - y0))


@pytest.mark.parametrize("name", ["four shanks", "two sites far apart"])
def test_gaps_of_the_probe_do_not_make_boxes_tiny(name):
    layout, positions = probe_layout(PROBES[name]), PROBES[name]
    assert part_covered(layout) > 0.6
    for old, new in zip(positions.T, layout.centers.T, strict=True):
        np.testing.assert_array_equal(
            np.sign(np.subtract.outer(old, old)), np.sign(np.subtract.outer(new, new))
        )


def test_what_is_near_stays_in_its_place():
    for name in ("line", "two columns", "staggered", "two shanks", "tetrode", "row"):
        np.testing.assert_array_equal(probe_layout(PROBES[name]).centers, PROBES[name])
    # One channel that is not shown leaves its place empty.
    gap = np.delete(PROBES["two columns"], 7, axis=0)
    np.testing.assert_array_equal(probe_layout(gap).centers, gap)


def test_places_that_are_measured_one_by_one_take_no_time():
    random = np.random.default_rng(0)
    grid = np.column_stack([np.arange(384) % 2 * 20.0, np.arange(384) // 2 * 20.0])
    start = time.perf_counter()
    layout = probe_layout(grid + random.normal(0, 0.5, grid.shape))
    assert time.perf_counter() - start < 1
    assert not overlaps(layout)

"""The axis of lags."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from phygui.views.core.axes import Axis, Cell
from phygui.views.core.layout import lay_out
from phygui.views.core.visuals import text_width
from phygui.views.data.lags import GAP, LagScale, log_edges


def test_linear_lags_are_where_they_are():
    lags = np.array([-3.0, 0.0, 12.5])
    np.testing.assert_array_equal(LagScale(False).place(lags), lags)


def test_logarithmic_lags_mirror_each_other_about_a_gap():
    place = LagScale(True).place
    np.testing.assert_allclose(place([0.5, 5, 50]), [GAP, GAP + 1, GAP + 2])
    np.testing.assert_allclose(place([-5.0]), -place([5.0]))
    assert place(0.0) == 0


@pytest.mark.parametrize("width", [40, 60, 110, 156, 157, 158, 172, 250, 900])
@pytest.mark.parametrize(
    ("log", "low", "high"),
    [(False, -25, 25), (False, 0, 50), (True, -25, 25), (True, 0.5, 500), (True, -10_000, 10_000)],
)
def test_ticks_are_readable_and_carry_the_unit(width, log, low, high):
    scale = LagScale(log)
    low, high = scale.place([low, high])
    axis = Axis("lag", low, high, ticks=scale.ticks)
    layout = lay_out([Cell(axis, Axis("y", 0, 1, ticks=None))], (width + 15, 100))
    left, _, length, _ = layout.boxes[0]
    assert length == pytest.approx(width, abs=1)
    labels = sorted(layout.labels, key=lambda label: label.x)
    assert labels[-1].text.endswith(" ms")
    assert len(labels) > 1 or width < 110
    for a, b in pairwise(labels):
        assert b.x - a.x >= (text_width(a.text) + text_width(b.text)) / 2 + 3.9, (a.text, b.text)
    for label in labels:
        lag = float(label.text.removesuffix(" ms").replace("−", "-"))
        place = left + (scale.place(lag) - low) / (high - low) * length
        # At an end of the axis a text is moved inside, a pixel more: the next plot has texts, too.
        half = text_width(label.text) / 2 + 1
        assert label.x == pytest.approx(np.clip(place, left + half, left + length - half))


def test_logarithmic_bins_end_where_they_are_told():
    edges = log_edges(500.0)
    assert edges[0] == pytest.approx(0.0005)
    assert edges[-1] == pytest.approx(0.5)
    np.testing.assert_allclose(np.diff(np.log(edges)), np.diff(np.log(edges))[0])
    assert log_edges(0.1)[-1] == pytest.approx(0.001), "never less than twice the shortest"

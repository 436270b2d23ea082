"""The axis of lags."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from phygui.views.lags import GAP, LagScale, log_edges
from phygui.views.visuals import text_width


def test_linear_lags_are_where_they_are():
    lags = np.array([-3.0, 0.0, 12.5])
    np.testing.assert_array_equal(LagScale(False).place(lags), lags)


def test_logarithmic_lags_mirror_each_other_about_a_gap():
    place = LagScale(True).place
    np.testing.assert_allclose(place([0.5, 5, 50]), [GAP, GAP + 1, GAP + 2])
    np.testing.assert_allclose(place([-5.0]), -place([5.0]))
    assert place(0.0) == 0


@pytest.mark.parametrize("width", [30, 60, 110, 250, 900])
@pytest.mark.parametrize(("log", "longest"), [(False, 25.0), (True, 25.0), (True, 10_000.0)])
def test_ticks_are_readable_and_carry_the_unit(width, log, longest):
    scale = LagScale(log)
    high = float(scale.place(longest))
    ticks = scale.ticks(-high, high, width)
    assert ticks[-1][1].endswith(" ms")
    places = np.array([t[0] for t in ticks])
    assert (np.diff(places) > 0).all()
    assert (np.abs(places) <= high).all()
    for (a, left), (b, right) in pairwise(ticks):
        free = (b - a) / (2 * high) * width - (text_width(left) + text_width(right)) / 2
        # The two about a logarithmic zero stand as near as the gap is wide.
        assert free > 0 or (log and a < 0 < b)
    for place, text in ticks:
        lag = float(text.removesuffix(" ms").replace("−", "-"))
        assert scale.place(lag) == pytest.approx(place)


def test_logarithmic_bins_end_where_they_are_told():
    edges = log_edges(500.0)
    assert edges[0] == pytest.approx(0.0005)
    assert edges[-1] == pytest.approx(0.5)
    np.testing.assert_allclose(np.diff(np.log(edges)), np.diff(np.log(edges))[0])
    assert log_edges(0.1)[-1] == pytest.approx(0.001), "never less than twice the shortest"

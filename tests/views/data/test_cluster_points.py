"""Points that stand for clusters: their sizes, colours and names."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from phygui.dataset.groups import GOOD, GROUP_NAMES, MUA, NOISE, UNSORTED
from phygui.views.core import colors
from phygui.views.data.cluster_points import (
    ClusterPoints,
    diameters,
    group_colors,
    groups_in_words,
    named_first,
    named_groups,
)


def test_selected_clusters_have_their_colours_and_others_those_of_their_groups():
    groups = {1: GOOD, 2: MUA, 3: NOISE, 4: UNSORTED, 5: 7, 9: GOOD}
    names = {**GROUP_NAMES, 7: "interneuron"}
    snapshot = SimpleNamespace(cluster_ids=(9, 3), cluster_groups=groups, group_names=names)
    found = group_colors(snapshot, [1, 2, 3, 4, 5, 6, 9])
    none = colors.UNSORTED
    assert found.tolist() == [colors.GOOD, colors.MUA, 1, none, none, none, 0]
    named = named_groups(snapshot)
    said = [groups_in_words(named, c) for c in (1, 2, 3, 4, 5, 6)]
    assert said == [" (good)", " (mua)", " (noise)", "", " (interneuron)", ""]


@given(st.lists(st.floats(0, 1e9) | st.just(float("nan")), min_size=1, max_size=30))
def test_more_is_never_smaller_and_a_selected_cluster_is_seen(values):
    values = np.array(values)
    sizes = diameters(values, np.full(len(values), -1))
    order = np.argsort(np.nan_to_num(values))
    assert (np.diff(sizes[order]) >= 0).all()
    assert sizes.min() >= 0
    assert sizes.max() <= 5
    assert diameters(values, np.zeros(len(values), np.int64)).min() >= 2


def test_points_are_in_every_cell_and_unknown_ones_in_none(qapp):
    points = ClusterPoints()
    x = np.array([[1.0, 2.0, np.nan], [5.0, 6.0, 7.0]])
    y = np.array([[1.0, 2.0, 3.0]] * 2)
    color = np.array([-5, 0, 1])
    for values in (np.array([1.0, 100.0, 3.0]), None):
        points.set_data(x, y, color=color, values=values, cells=(0, 1))
        drawn = points.vertices
        assert sorted(drawn["cell"].tolist()) == [0, 0, 1, 1]
        assert sorted(drawn["position"][:, 0].tolist()) == [1, 2, 5, 6]


def test_the_best_cluster_is_named_first_and_then_the_largest():
    color = np.array([-5, 1, -10, 0, -5])
    n_spikes = np.array([10.0, 1.0, 30.0, 1.0, 20.0])
    known = np.array([True, True, True, True, False])
    assert named_first(color, n_spikes, known) == [3, 1, 2, 0]

"""How many spikes are drawn: cheap by default, what the user asks for otherwise."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from phygui.views import VIEWS
from phygui.views.data.draw_budget import AUTOMATIC, Budget, among, how_many

SAMPLED = ("waveforms", "features", "amplitudes")


def never():
    return False


@pytest.mark.parametrize(
    ("asked", "sizes", "drawn"),
    [
        (AUTOMATIC, [9000], 100),
        (AUTOMATIC, [9000] * 8, 50),
        (AUTOMATIC, [9000] * 1000, 1),
        (300, [9000], 300),
        (300, [9000] * 8, 300),
        (100, [9000] * 8, 100),
        (3000, [9000] * 8, 500),
        (3000, [100, 9000, 100], 3000),
        (4000, [100, 9000, 100], 3800),
        (4000, [9000] * 9000, 1),
        (3000, [], 3000),
    ],
)
def test_the_cap_of_the_default_is_lifted_by_a_number_of_one_s_own(asked, sizes, drawn):
    assert Budget(each=100, together=400, most=4000).of_each(asked, sizes) == drawn


@pytest.mark.parametrize("name", SAMPLED)
def test_any_number_that_the_field_takes_is_drawn(name, small_model, snapshot_of):
    cls = VIEWS[name]
    ids, counts = np.unique(small_model.spike_clusters, return_counts=True)
    snapshot = snapshot_of(small_model, [int(c) for c in ids])
    field = next(f for f in fields(cls.Params) if f.name == "n_spikes")
    most = int(field.metadata["max"])
    assert f"{most:,}" in field.metadata["help"]
    assert most >= small_model.n_spikes
    for asked in (int(counts.max()) - 1, most):
        data = cls.load(snapshot, cls.Params(n_spikes=asked), never)
        drawn = np.bincount(data.colors[data.colors >= 0])
        np.testing.assert_array_equal(drawn, np.minimum(counts, asked))


@pytest.mark.parametrize("name", SAMPLED)
def test_a_view_says_how_many_are_drawn_of_how_many(name, small_model, snapshot_of, shown):
    cls = VIEWS[name]
    ids, counts = np.unique(small_model.spike_clusters, return_counts=True)
    snapshot = snapshot_of(small_model, [int(c) for c in ids[:3]])
    view = shown(cls(), cls.load(snapshot, cls.Params(n_spikes=7), never), (500, 400))
    said = f"21 of {counts[:3].sum():,} spikes"
    assert view.summary == said
    if name == "waveforms":
        assert said in [label.text for label in view.all_labels]
    view.set_data(cls.load(snapshot, cls.Params(n_spikes=1000), never))
    assert view.summary == ""


def test_all_is_not_worth_saying():
    assert how_many(6913, 9974) == "6,913 of 9,974 spikes"
    assert how_many(12, 12) == ""


def test_whether_spikes_are_among_some():
    rng = np.random.default_rng(0)
    for n in (0, 1, 50):
        spike_ids, wanted = rng.integers(0, 100, 30), np.sort(rng.choice(100, n, replace=False))
        np.testing.assert_array_equal(among(spike_ids, wanted), np.isin(spike_ids, wanted))
    assert among(np.empty(0, np.int64), np.arange(3)).tolist() == []

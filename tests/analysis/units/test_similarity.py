"""Similarity: what it means, and that it means the same for every pair."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phygui.analysis import (
    FEW_SPIKES,
    ClusterSummary,
    combine,
    containment,
    is_seen,
    separation,
    similarity,
    summarize,
    waveform_similarity,
)
from phygui.analysis.units import similarity as units_similarity
from phygui.analysis.units.summaries import N_DIRECTIONS


def cloud(rng, n, centre, mixing):
    return rng.normal(size=(n, len(centre))) @ mixing + centre


def test_separation_is_that_of_fishers_discriminant():
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(6, 6))
    a = cloud(rng, 4000, np.zeros(6), mixing)
    b = cloud(rng, 4000, 3.0 * mixing[0], mixing)
    delta = a.mean(axis=0) - b.mean(axis=0)
    within = (np.cov(a.T) + np.cov(b.T)) / 2
    expected = np.sqrt(delta @ np.linalg.solve(within, delta))
    found = separation([summarize(a)], [summarize(b)])
    # Six columns are fewer than the directions kept, so that nothing is approximated but by
    # the little variance that every column is granted.
    assert found[0, 0] == pytest.approx(expected, rel=0.02)
    assert similarity([summarize(a)], [summarize(b)])[0, 0] == pytest.approx(
        1 / (1 + (found[0, 0] / 4) ** 2)
    )


def test_many_columns_and_many_pairs_at_once():
    rng = np.random.default_rng(1)
    shapes = [rng.normal(size=60) for _ in range(5)]
    summaries = [
        summarize(rng.normal(size=(300, 60)) + rng.normal(size=(300, 1)) * 5 * s + 4 * s)
        for s in shapes
    ]
    found = similarity(summaries, summaries)
    assert found.shape == (5, 5)
    np.testing.assert_allclose(found, found.T, atol=1e-6)
    np.testing.assert_allclose(np.diag(found), 1.0)
    assert np.all((found >= 0) & (found <= 1))
    for i in range(5):
        row = similarity(summaries[i : i + 1], summaries)
        np.testing.assert_allclose(row[0], found[i], rtol=1e-5)


@pytest.mark.parametrize("amplitude", [1.0, 1000.0])
@pytest.mark.parametrize("n_channels", [4, 32])
def test_halves_of_a_cloud_are_alike_whatever_its_size(amplitude, n_channels):
    """A cut along any direction leaves the same similarity; another unit is less similar."""
    rng = np.random.default_rng(2)
    n_columns = 3 * n_channels
    shape = rng.normal(size=n_columns)
    noise = rng.normal(size=(2000, n_columns))
    size = rng.uniform(15, 30, 2000)
    spikes = amplitude * (noise + size[:, None] * shape)
    small, large = spikes[size < 22], spikes[size >= 22]
    other = amplitude * (rng.normal(size=(800, n_columns)) + 22 * rng.normal(size=n_columns))
    halves = similarity([summarize(small)], [summarize(large), summarize(other)])
    assert halves[0, 0] == pytest.approx(0.57, abs=0.05)
    assert halves[0, 1] < 0.02


def test_masked_channels_do_not_count():
    rng = np.random.default_rng(3)
    masks = np.zeros((400, 8))
    masks[:, :2] = 1
    features = rng.normal(size=(400, 24))
    features[:, :6] += 10
    elsewhere = features.copy()
    elsewhere[:, 6:] += rng.normal(size=18) * 50  # another unit fires far away
    found = separation([summarize(features, masks)], [summarize(elsewhere, masks)])
    assert found[0, 0] == pytest.approx(0.0, abs=1e-5)
    assert separation([summarize(features)], [summarize(elsewhere)])[0, 0] > 10
    by_column = summarize(features, np.repeat(masks, 3, axis=1))
    np.testing.assert_array_equal(by_column.mean, summarize(features, masks).mean)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 1.0])
def test_channels_that_most_spikes_are_masked_on_are_left_out_without_a_difference(share) -> None:
    chance = np.random.default_rng(8)
    features = chance.normal(2, 1, (60, 36)).astype(np.float32)
    features[3, 7] = np.nan
    masks = chance.random((60, 12)) * (chance.random((60, 12)) < share * np.linspace(0.3, 1, 12))
    waveform = chance.normal(0, 1, (20, 12))
    for best in (2, 11):
        waveform[4, best] = 50 + best
        found = summarize(features, masks, mean_waveform=waveform)
        # Masks of columns are gone through one by one.
        plain = summarize(features, np.repeat(masks, 3, axis=1), mean_waveform=waveform)
        for name in ("mean", "directions", "residual"):
            np.testing.assert_array_equal(getattr(found, name), getattr(plain, name))
        assert found.n_spikes == 60


def test_a_few_spikes_are_compared_with_caution():
    rng = np.random.default_rng(4)
    many = summarize(rng.normal(size=(500, 30)))
    for n in (1, 2, 5):
        few = summarize(rng.normal(size=(n, 30)) + 0.5)
        assert few.directions.shape == (N_DIRECTIONS, 30)
        assert 0 < separation([few], [many])[0, 0] < 12
        assert separation([few], [many])[0, 0] == pytest.approx(separation([many], [few])[0, 0])


def test_a_wide_cloud_is_not_near_to_the_narrow_ones_within_it():
    rng = np.random.default_rng(8)
    noise = summarize(rng.normal(size=(200, 12)) * 20)
    narrow = summarize(rng.normal(size=(200, 12)) + 10 * rng.normal(size=12))
    assert similarity([noise], [narrow])[0, 0] < 0.06


@pytest.mark.parametrize("share", [0.05, 0.2])
def test_collisions_move_a_cluster_by_little(share):
    """Spikes that others add to, on some channels, count for no more than a few deviations."""
    rng = np.random.default_rng(9)
    clean = rng.normal(size=(300, 24)) + np.repeat([0, 15.0, 8, 0], 6)
    masks = np.tile(np.repeat([0.0, 1, 1, 0], 6), (300, 1))
    collided, seen = clean.copy(), masks.copy()
    hit = rng.random(300) < share
    collided[hit, 12:] += 80
    seen[hit, 12:] = 1
    both = [summarize(clean, masks), summarize(collided, seen)]
    assert separation(both[:1], both[1:])[0, 0] < 3
    np.testing.assert_array_equal(both[1].mean[18:], 0)  # it is not there, whoever else was


def test_spikes_masked_on_the_best_channel_tell_nothing():
    """On a large probe, others fire at the same time far away, and are all that is not masked."""
    rng = np.random.default_rng(10)
    features = rng.normal(size=(200, 4, 3)) + np.array([0, 12.0, 0, 0])[:, None]
    masks = np.tile([0.0, 1, 0, 0], (200, 1))
    elsewhere = rng.random(200) < 0.6
    masks[elsewhere] = [0, 0, 0, 1]
    waveform = np.zeros((8, 4))
    waveform[4, 1] = -5
    found = summarize(features.reshape(200, -1), masks, mean_waveform=waveform)
    assert found.mean[3:6] == pytest.approx(12, abs=0.5)
    np.testing.assert_array_equal(found.mean[[0, 1, 2, 6, 7, 8, 9, 10, 11]], 0)
    masked = features.reshape(200, -1) * np.repeat(masks, 3, axis=1)
    np.testing.assert_array_equal(is_seen(masked, np.abs(waveform).max(axis=0)), ~elsewhere)
    # Where hardly any are seen, all count.
    assert is_seen(masked, np.array([1.0, 0, 0, 0])).all()


def test_clusters_out_of_reach_have_no_similarity():
    rng = np.random.default_rng(11)
    features = rng.normal(size=(100, 6))
    here, near, far = (summarize(features, position=(0, y)) for y in (0, 80, 120))
    unknown = summarize(features)
    assert similarity([here], [near, far, unknown]).tolist() == [[1.0, 0.0, 1.0]]
    assert separation([here], [far])[0, 0] == np.inf
    waveforms = rng.normal(size=(5, 16, 2))
    a, b = (summarize(waveforms=waveforms, position=(0, y)) for y in (0, 120))
    assert similarity([a], [a, b])[0] == pytest.approx([1, 0])


def test_what_is_known_of_clusters_out_of_reach_is_not_touched(monkeypatch):
    """Of hundreds of them on hundreds of channels that would be many megabytes for each row."""
    rng = np.random.default_rng(11)
    features = [rng.normal(size=(100, 6)) for _ in range(4)]
    some = [summarize(f, position=(0, y)) for f, y in zip(features, (0, 80, 500, 40), strict=True)]
    expected = separation(some, some)[0]
    joined, clouds = [], units_similarity._clouds
    monkeypatch.setattr(
        units_similarity, "_clouds", lambda of: joined.append(len(of)) or clouds(of)
    )
    np.testing.assert_array_equal(separation(some[:1], some)[0], expected)
    assert joined == [1, 3]
    assert separation(some[:1], some[2:3]).tolist() == [[np.inf]]
    assert joined == [1, 3]


@pytest.mark.parametrize("n_spikes", [3, 9, FEW_SPIKES])
def test_a_fragment_belongs_to_what_it_holds(n_spikes):
    rng = np.random.default_rng(12)
    unit = np.repeat([20.0, 10, 0, 0], 3)
    other = np.repeat([0, 0, 25.0, 15], 3)
    larger = summarize(rng.normal(size=(300, 12)) + unit)
    fragment = summarize(rng.normal(size=(n_spikes, 12)) + unit + other)
    stranger = summarize(rng.normal(size=(300, 12)) + unit[::-1])
    found = containment([fragment], [larger, stranger])
    assert found[0, 0] > 0.9
    assert found[0, 1] < 0.3
    np.testing.assert_array_equal(containment([larger, stranger], [fragment]), found.T)
    np.testing.assert_array_equal(similarity([fragment], [larger, stranger]), found)
    # Larger clusters have a spread of their own to be judged by, and no other is the larger one.
    assert containment([larger], [stranger])[0, 0] == 0
    assert containment([fragment], [fragment])[0, 0] == 0
    flat = summarize(np.zeros((200, 12)))
    assert containment([fragment], [flat, ClusterSummary(500)]).tolist() == [[0, 0]]


@given(st.lists(st.integers(1, 60), min_size=1, max_size=4), st.integers(1, 12), st.integers(0, 99))
def test_similarity_is_symmetric_and_between_0_and_1(sizes, n_columns, seed):
    rng = np.random.default_rng(seed)
    summaries = [
        summarize(
            rng.normal(size=(n, n_columns)) * rng.choice([0, 1, 30]) + rng.normal(size=n_columns),
            rng.random((n, n_columns)) < rng.choice([0.3, 1]),
            position=rng.uniform(0, 150, 2),
        )
        for n in sizes
    ]
    found = similarity(summaries, summaries)
    assert np.all((found >= 0) & (found <= 1))
    np.testing.assert_allclose(found, found.T, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(np.diag(found), 1)


def test_waveforms_at_their_best_lag():
    time = np.arange(32)
    course = -np.exp(-0.5 * ((time - 16) / 2) ** 2) + 0.4 * np.exp(-0.5 * ((time - 23) / 4) ** 2)
    footprint = np.array([0.2, 1.0, 0.4, 0.0])
    waveform = np.outer(course, footprint)
    late = np.roll(waveform, 2, axis=0)
    away = np.outer(course, np.roll(footprint, 1))
    one, shifted, moved = (summarize(waveforms=[w]) for w in (waveform, late, away))
    assert waveform_similarity([one], [shifted])[0, 0] == pytest.approx(1.0, abs=5e-3)
    cosine = footprint @ np.roll(footprint, 1) / (footprint @ footprint)
    assert waveform_similarity([one], [moved])[0, 0] == pytest.approx(cosine, abs=5e-3)
    # The time course is what it is, wherever on the probe, and whichever way up.
    np.testing.assert_allclose(one.time_course, moved.time_course, atol=1e-5)
    assert one.time_course[16] < 0
    assert waveform_similarity([one], [summarize(waveforms=[-waveform])])[0, 0] < 0.5
    np.testing.assert_array_equal(
        similarity([one], [shifted, moved]), waveform_similarity([one], [shifted, moved])
    )


def test_waveforms_lower_the_similarity_of_features():
    rng = np.random.default_rng(5)
    features = rng.normal(size=(200, 12)) + 5
    broad = np.outer(-np.exp(-0.5 * ((np.arange(32) - 16) / 5) ** 2), np.ones(4))
    narrow = np.outer(-np.exp(-0.5 * ((np.arange(32) - 16) / 1) ** 2), np.ones(4))
    a, same, other = (
        summarize(features[k::3], waveforms=[w]) for k, w in enumerate([broad, broad, narrow])
    )
    bare = [summarize(features[k::3]) for k in range(3)]
    with_waveforms, without = similarity([a], [same, other]), similarity(bare[:1], bare[1:])
    assert with_waveforms[0, 0] == pytest.approx(without[0, 0], rel=1e-5)
    assert with_waveforms[0, 1] < 0.6 * without[0, 1]


def test_nothing_known():
    blank = ClusterSummary(0)
    known = summarize(np.random.default_rng(6).normal(size=(50, 6)))
    assert similarity([blank], [blank, blank]).tolist() == [[0.0, 0.0]]
    assert similarity([known], [blank, known]).tolist() == [[0.0, 1.0]]
    assert similarity([], [known]).shape == (0, 1)
    assert summarize(np.zeros((0, 6))).mean is None
    flat = summarize(np.zeros((10, 6)), waveforms=np.zeros((2, 32, 2)))
    assert similarity([flat], [flat])[0, 0] == 0.0  # its waveform has no shape
    assert np.isfinite(summarize(np.full((3, 6), np.nan)).mean).all()
    # A channel with no mask is one where the spike is not seen.
    masks = np.ones((5, 2))
    masks[:2, 0] = np.nan, -np.inf
    features = np.arange(1.0, 31.0).reshape(5, 6)
    found = summarize(features, masks)
    features[:2, :3] = 0
    assert found.mean[:3] == pytest.approx(features[:, :3].mean(axis=0), rel=0.1)
    np.testing.assert_allclose(found.mean[3:], features[:, 3:].mean(axis=0))
    assert np.isfinite(found.directions).all()
    with pytest.raises(ValueError, match="multiple"):
        summarize(np.zeros((5, 6)), np.ones((5, 4)))


def test_summary_of_a_union():
    rng = np.random.default_rng(7)
    shape = rng.normal(size=30)
    parts = [
        rng.normal(size=(n, 30)) + rng.normal(size=(n, 1)) * 4 * shape + offset
        for n, offset in ((400, 0.0), (200, 3.0), (100, rng.normal(size=30)))
    ]
    waveforms = [rng.normal(size=(4, 16, 5)) for _ in parts]
    counts = [len(p) for p in parts]
    found = combine(
        [summarize(p, waveforms=w) for p, w in zip(parts, waveforms, strict=True)], counts
    )
    whole = np.concatenate(parts)
    expected = summarize(whole)
    # What is drawn in of the parts is not quite what is of the whole.
    np.testing.assert_allclose(found.mean, expected.mean, atol=0.2)
    variances = [(s.directions**2).sum(axis=0) + s.residual for s in (found, expected)]
    np.testing.assert_allclose(variances[0], variances[1], rtol=0.15)
    others = [summarize(rng.normal(size=(300, 30)) + k) for k in (1, 5)]
    np.testing.assert_allclose(
        separation([found], others), separation([expected], others), rtol=0.15
    )
    mean = np.average([w.mean(axis=0) for w in waveforms], axis=0, weights=counts)
    np.testing.assert_allclose(found.mean_waveform, mean, atol=1e-5)
    assert found.n_spikes == 700
    assert combine([summarize(parts[0]), ClusterSummary(0)], [400, 1]).mean is None

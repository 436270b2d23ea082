"""The quality of a cluster: its likely agreement with one neuron, and what it is made of."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phygui.analysis import Metric, Partner, cluster_quality, likely_purity, undefined

RATE = 30_000.0
GOOD = {
    "purity": Metric(0.98),
    "l_ratio": Metric(0.01),
    "presence_ratio": Metric(1.0),
    "snr": Metric(10.0),
}
SHARES = st.floats(0, 1)
METRICS = st.fixed_dictionaries(
    {},
    optional={
        "purity": SHARES.map(Metric),
        "presence_ratio": SHARES.map(Metric),
        "l_ratio": st.floats(0, 1e6).map(Metric),
        "snr": st.floats(0, 1e3).map(Metric),
    },
)
PARTNERS = st.none() | st.lists(
    st.builds(Partner, st.integers(0, 50), SHARES, st.integers(1, 10_000)), max_size=5
)


def value(metrics: dict[str, Metric], *partners: Partner) -> float:
    found = cluster_quality(metrics, 1_000, partners)
    assert found is not None
    return found.value


def test_it_is_the_agreement_that_purity_and_completeness_make() -> None:
    metrics = {"purity": Metric(0.8)}
    assert value(metrics) == pytest.approx(0.8)
    half = Partner(7, 1.0, 1_000)
    assert value(metrics, half) == pytest.approx(1 / (1 / 0.8 + 1 / 0.5 - 1))
    # The parts of a pure unit agree with it as far as they hold its spikes.
    assert value({"purity": Metric(1.0)}, half) == pytest.approx(0.5)


@pytest.mark.parametrize(
    "worse",
    [
        {"purity": Metric(0.5)},
        {"l_ratio": Metric(30.0)},
        {"presence_ratio": Metric(0.4)},
        {"snr": Metric(0.3)},
    ],
)
def test_each_part_makes_it_worse(worse: dict[str, Metric]) -> None:
    assert value(GOOD | worse) < value(GOOD)


def test_what_is_not_known_is_left_out() -> None:
    for name in GOOD:
        lacking = {k: v for k, v in GOOD.items() if k != name}
        empty = GOOD | {name: undefined("there is no raw data")}
        assert value(lacking) == value(empty) >= value(GOOD)
    assert cluster_quality({}) is None
    assert cluster_quality({"firing_rate": Metric(3.0)}, 100, [Partner(1, 0.9, 100)]) is None


@given(METRICS, st.integers(1, 10_000), PARTNERS)
def test_it_is_a_share_and_so_are_its_parts(metrics, n_spikes, partners) -> None:
    found = cluster_quality(metrics, n_spikes, partners)
    assert (found is None) == (not metrics)
    if found is not None:
        assert 0 < found.value <= 1
        assert all(math.isnan(p.value) or 0 <= p.value <= 1 for p in found.parts)
        assert len(found.in_words().splitlines()) == 5


@given(METRICS.filter(bool), st.integers(1, 10_000), st.floats(0, 0.9), st.integers(1, 10_000))
def test_a_likelier_partner_makes_it_no_better(metrics, n_spikes, chance, other) -> None:
    few, many = (
        cluster_quality(metrics, n_spikes, [Partner(3, c, other)]) for c in (chance, chance + 0.1)
    )
    assert few is not None
    assert many is not None
    assert many.value <= few.value


def test_the_parts_say_what_they_go_by() -> None:
    metrics = GOOD | {"snr": undefined("there is no raw data")}
    found = cluster_quality(metrics, 300, [Partner(12, 0.97, 100), Partner(4, 0.02, 900)])
    assert found is not None
    assert found.in_words().splitlines() == [
        "purity 0.98: by the refractory period, 2% of its spikes may be of other neurons",
        "completeness 0.72: likely the same unit as cluster 12 (97%)",
        "signal not known: there is no raw data",
        "presence 1.00: fires in 100% of the minutes",
        "isolation 0.99: L-ratio 0.01",
    ]
    alone = cluster_quality(GOOD, 300, [])
    sought = cluster_quality(GOOD, 300)
    assert alone is not None
    assert "no other cluster is likely the same unit" in alone.in_words()
    assert sought is not None
    assert "still looked for" in sought.in_words()
    assert alone.value == sought.value


def test_few_spikes_do_not_look_pure() -> None:
    """Without any violation, purity grows with what could have been seen."""
    found = [likely_purity(np.arange(n) * 30_000, RATE, 1_000.0).value for n in (1, 10, 100, 1_000)]
    assert found == sorted(found)
    assert found[0] == pytest.approx(np.sqrt(0.75), abs=1e-4)
    # 1,000 spikes in 1,000 s: two pairs within 2 ms are expected of unrelated ones.
    assert found[-1] == pytest.approx(np.sqrt(1 - 0.25 / 3))
    assert likely_purity([], RATE, 1_000.0).reason


def test_purity_is_near_the_truth_where_there_are_many_spikes() -> None:
    rng = np.random.default_rng(0)
    duration, n = 600.0, 12_000
    steps = rng.exponential(duration / n - 0.003, n) + 0.003
    own = np.cumsum(steps)
    for share in (0.0, 0.1, 0.3):
        foreign = rng.uniform(0, duration, round(share * n / (1 - share)))
        train = np.sort((np.concatenate([own, foreign]) * RATE).astype(np.int64))
        assert likely_purity(train, RATE, duration).value == pytest.approx(1 - share, abs=0.05)
    random = np.sort(rng.integers(0, round(duration * RATE), n))
    assert likely_purity(random, RATE, duration).value < 0.3

"""Rankings by SpikeInterface: what is asked of it, and what is made of its answers.

The package itself takes no part: a stand-in answers. `benchmarks/bench_rankings.py` compares with
the real one.
"""

from __future__ import annotations

import configparser
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from phygui import Session
from phygui.analysis import ClusterSummary, Train
from phygui.curation import RankingSpec, choose_ranking, rankings, register_ranking
from phygui.rankings.spikeinterface import SLAY, TEMPLATE_COSINE, X_CONTAMINATIONS

RATE = 20_000.0


class Sorting:
    """A NumpySorting, as far as it is used."""

    def __init__(self, trains: dict[int, np.ndarray], rate: float) -> None:
        self.trains, self.rate = trains, rate
        self.unit_ids = np.array(list(trains))

    @classmethod
    def from_unit_dict(cls, segments: list[dict[int, Any]], sampling_frequency: float) -> Sorting:
        [trains] = segments
        return cls(trains, sampling_frequency)


class StandIn:
    """What stands in for SpikeInterface, and what it was asked."""

    def __init__(self) -> None:
        self.shifts: list[int] = []
        self.near: list[tuple[Any, ...]] = []
        self.pairs: list[tuple[int, int]] = []

    def templates(
        self, a: Any, b: Any, *, method: str, support: str, num_shifts: int, **sparse: Any
    ) -> Any:
        assert support == "union"
        self.shifts.append(num_shifts)
        self.near.append(tuple(of.tolist() for of in sparse.values()))
        if method == "cosine":
            norms = np.linalg.norm(a, axis=(1, 2))[:, None] * np.linalg.norm(b, axis=(1, 2))
            with np.errstate(invalid="ignore"):
                return np.tensordot(a, b, ([1, 2], [1, 2])) / norms, None
        apart = np.abs(a[:, None] - b).sum(axis=(2, 3))
        both = np.abs(a).sum(axis=(1, 2))[:, None] + np.abs(b).sum(axis=(1, 2))
        return 1 - apart / both, None

    def contaminations(self, analyzer: Any, mask: Any, limit: float, periods: Any) -> Any:
        assert (limit, periods) == (0.1, (0.3, 1.0))
        assert analyzer.sampling_frequency == RATE
        assert analyzer.get_total_samples() == 10 * RATE
        one, other = (len(of) for of in analyzer.sorting.trains.values())
        self.pairs.append((one, other))
        return np.zeros((2, 2)), np.array([[0, other / one], [0, 0]])

    def correlograms(self, sorting: Sorting) -> Any:
        return np.full((2, 2, 100), len(sorting.unit_ids)), np.linspace(-50, 50, 101)

    def slay(self, analyzer: Any, k1: float, k2: float, differences: Any, mask: Any) -> Any:
        counts, _ = analyzer.get_extension("correlograms").get_data()
        assert counts.shape == (2, 2, 100)
        assert analyzer.get_extension("correlograms").params == {"bin_ms": 1.0}
        assert analyzer.get_num_units() == 2
        assert mask.tolist() == [[False, True], [False, False]]
        return (1 - differences) + k1 * mask


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    made = StandIn()
    params = {
        "cross_contamination": {
            "cc_thresh": 0.1, "censored_period_ms": 0.3, "refractory_period_ms": 1.0,
        },
        "slay_score": {"k1": 0.25, "k2": 1.0},
        "template_similarity": {"similarity_method": "l1", "template_diff_thresh": 0.25},
    }  # fmt: skip
    for name, content in {
        "spikeinterface": {"NumpySorting": Sorting},
        "spikeinterface.curation": {},
        "spikeinterface.curation.auto_merge": {
            "_default_step_params": params,
            "compute_cross_contaminations": made.contaminations,
            "compute_slay_matrix": made.slay,
        },
        "spikeinterface.postprocessing": {"compute_correlograms": made.correlograms},
        "spikeinterface.postprocessing.template_similarity": {
            "compute_similarity_with_templates_array": made.templates
        },
    }.items():
        module = ModuleType(name)
        module.__dict__.update(content, __path__=[])
        module.__spec__ = SimpleNamespace(name=name)  # type: ignore[assignment]
        monkeypatch.setitem(sys.modules, name, module)
    return made


@pytest.fixture(autouse=True)
def _defaults() -> Iterator[None]:
    yield
    choose_ranking("similarity", None)


def summary(n_spikes: int, scale: float = 1.0, *, other: bool = False) -> ClusterSummary:
    """A cluster of one of two shapes."""
    waveform = np.zeros((10, 4), np.float32)
    waveform[5, 3 if other else 0] = scale
    train = Train(lambda: np.arange(n_spikes, dtype=np.int64) * 100, RATE, 10.0)
    return ClusterSummary(n_spikes, mean_waveform=waveform, train=train)


def test_the_cosine_is_that_of_the_mean_waveforms(stand_in: StandIn) -> None:
    some = [summary(10), summary(20, 3.0), summary(30, other=True), ClusterSummary(5)]
    found = TEMPLATE_COSINE.function(some, some[:3])
    assert found.tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 1], [0, 0, 0]]
    # A tenth of a millisecond, and all channels, as long as it is not known which are near.
    assert stand_in.shifts == [2]
    assert stand_in.near == [([[True] * 4] * 3, [[True] * 4] * 3)]
    near = np.array([True, True, False, False])
    TEMPLATE_COSINE.function([replace(some[0], footprint=near)], some[:1])
    assert stand_in.near[1] == ([near.tolist()], [[True] * 4])
    assert TEMPLATE_COSINE.function([summary(5, 0.0)], some).tolist() == [[0] * 4]
    assert TEMPLATE_COSINE.function([ClusterSummary(5)], some).tolist() == [[0] * 4]


def test_only_pairs_with_templates_alike_are_tested_the_larger_one_first(stand_in) -> None:
    small, large, far = summary(20, 1.2), summary(80), summary(50, other=True)
    no_train = ClusterSummary(20, mean_waveform=small.mean_waveform)
    found = X_CONTAMINATIONS.function([small, large], [small, large, far, no_train])
    assert found.tolist() == [[1, 0.25, 0, 0], [0.25, 1, 0, 0]]
    assert stand_in.pairs == [(80, 20), (80, 20)]


def test_slay_adds_up_its_parts_and_is_at_most_one(stand_in: StandIn) -> None:
    some = [summary(20), summary(80, 1.5), summary(10, other=True)]
    found = SLAY.function([some[0]], some)
    # Of templates of 1 and 1.5, 0.8 is alike.
    assert found == pytest.approx(np.array([[1, 1, 0]]))
    found = SLAY.function([summary(20)], [summary(80, 1.6)])
    assert found[0, 0] == pytest.approx(min(1, 1 - 0.6 / 2.6 + 0.25))


def test_the_program_finds_them_through_its_entry_points() -> None:
    """As the file says that is installed, whatever is installed here."""
    setup = configparser.ConfigParser()
    setup.read(Path(__file__).parents[2] / "setup.cfg")
    lines = setup["options.entry_points"]["phygui.rankings"].split("\n")
    places = [line.partition("=")[2].strip() for line in lines if line]
    found = []
    for place in places:
        module, _, name = place.partition(":")
        found.append(getattr(import_module(module), name))
    assert {spec.name for spec in found} == {"template cosine", "x_contaminations", "slay"}
    assert all(isinstance(spec, RankingSpec) and spec.is_slow and spec.source for spec in found)


def test_without_the_package_they_are_listed_with_the_reason_and_not_chosen(
    monkeypatch: pytest.MonkeyPatch, small: Path
) -> None:
    monkeypatch.setattr("phygui.curation.statistics.ranking_spec.find_spec", lambda name: None)
    register_ranking(SLAY)
    [found] = [spec for spec in rankings("similarity") if spec.name == "slay"]
    assert found.hindrance == "the package spikeinterface is not installed"
    with pytest.raises(ValueError, match="'slay' cannot be used: the package spikeinterface is"):
        choose_ranking("similarity", "slay")
    with Session.open(small, journal=False) as session:
        usual = session.measures.similarity_spec
        with pytest.raises(ValueError, match="not installed"):
            session.choose_ranking("similarity", "slay")
        assert session.measures.similarity_spec is usual


def test_a_session_ranks_by_one_and_its_merge_suggestions_stay_what_they_are(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, small: Path
) -> None:
    monkeypatch.setattr("phygui.curation.statistics.ranking_spec.find_spec", lambda name: object())
    register_ranking(TEMPLATE_COSINE)
    with Session.open(small, journal=False) as session:
        session.suggest_all()
        session.first_best()
        before = list(session.similar())
        suggested = [s.clusters for s in session.suggestions.ranked()]
        session.choose_ranking("similarity", "template cosine")
        after = dict(session.similar())
        best = session.selected[0]
        mine = session.stats[best].summary
        for cluster, value in after.items():
            expected = TEMPLATE_COSINE.function([mine], [session.stats[cluster].summary])
            assert value == pytest.approx(max(expected[0, 0], 0))
        assert not session.suggestions.missing()
        assert [s.clusters for s in session.suggestions.ranked()] == suggested
        session.choose_ranking("similarity", None)
        assert list(session.similar()) == before


def test_summaries_tell_when_spikes_were_and_which_channels_are_near(small: Path) -> None:
    with Session.open(small, journal=False) as session:
        session.learn_stats()
        merged = session.merge(session.cluster_ids[:2].tolist()).added[0]
        expected = session.shank.clock.pair_train(session.spikes_per_cluster[merged])
        estimated = session.stats[merged].summary.train
        assert estimated is not None
        assert np.array_equal(estimated.read(), np.sort(expected))
        session.learn_stats()
        computed = session.stats[merged].summary.train
        assert computed is not None
        assert np.array_equal(computed.read(), expected)
        positions = session.shank.channel_positions
        for summary in (session.stats[c].summary for c in session.cluster_ids.tolist()):
            assert summary.footprint is not None
            apart = np.linalg.norm(positions[summary.footprint] - summary.position, axis=1)
            assert apart.max() <= 100
            assert (
                summary.footprint.sum()
                == (np.linalg.norm(positions - summary.position, axis=1) <= 100).sum()
            )

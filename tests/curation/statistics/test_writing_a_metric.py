"""The page on writing a metric: its code runs, and all that shows a metric shows this one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from phygui import Session
from phygui.analysis import find_metric, register_metric, unregister_metric

PAGE = Path(__file__).parents[3] / "docs" / "writing-a-metric.md"


@pytest.fixture
def page() -> Iterator[Any]:
    module = ModuleType("writing_a_metric")
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL):
        exec(compile(block, PAGE.name, "exec"), module.__dict__)
    yield module
    unregister_metric("burst_share")


def learnt(session: Session) -> list[dict[int, set[str]]]:
    """Compute all that is missing; returns which metrics of which clusters each piece was."""
    pieces = []
    while job := session.statistics.job():
        found = job(lambda: False)
        session.statistics.add(found)
        if found.metrics and not found.is_recalled:
            pieces.append({c: set(names) for c, names in found.metrics.items()})
    return pieces


def remember(session: Session) -> None:
    job = session.statistics.remember_job()
    assert job is not None
    job()


def test_the_metric_of_the_page(page: Any, small: Path) -> None:
    assert page.burst_share(np.array([0, 5, 100, 200, 203]), 1000.0).value == 4 / 5
    assert page.burst_share(np.array([3]), 1000.0).reason == "there are fewer than two spikes"
    assert find_metric("burst_share") is page.BURSTS
    with Session.open(small, journal=False) as session:
        session.learn_all()
        samples = session.shank.spike_samples.astype(np.int64)
        for cluster, spikes in session.spikes_per_cluster.items():
            expected = page.burst_share(samples[spikes], session.shank.sample_rate)
            assert session.metrics[cluster]["burst_share"] == expected


def test_a_new_metric_appears_for_a_dataset_that_was_opened_before(page: Any, small: Path) -> None:
    unregister_metric("burst_share")
    with Session.open(small) as session:
        before = learnt(session)
        assert "burst_share" not in set().union(*(names for p in before for names in p.values()))
        remember(session)
        n_clusters = session.n_clusters
    register_metric(page.BURSTS)
    with Session.open(small) as session:
        pieces = learnt(session)
        # Nothing but what is new, of all clusters.
        assert sum(map(len, pieces)) == n_clusters
        assert all(names == {"burst_share"} for p in pieces for names in p.values())
        remember(session)
    with Session.open(small) as session:
        assert not learnt(session)
        assert session.statistics.remember_job() is None
    # Computed differently, it is computed again, and no other is.
    register_metric(replace(page.BURSTS, version=2, form=".1%"))
    with Session.open(small) as session:
        assert all(names == {"burst_share"} for p in learnt(session) for names in p.values())
        remember(session)
    unregister_metric("burst_share")
    with Session.open(small) as session:
        assert not learnt(session)
        assert all("burst_share" not in of for of in session.metrics.values())


def test_only_what_a_metric_needs_is_looked_at(
    page: Any, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: Any, **__: Any) -> Any:
        raise AssertionError("this is not needed")

    unregister_metric("burst_share")
    with Session.open(small) as session:
        session.learn_all()
        remember(session)
    register_metric(page.BURSTS)
    for name in ("stats.isolation_steps", "stats.spike_amplitudes", "measuring.noise.noise_levels"):
        monkeypatch.setattr(f"phygui.curation.statistics.{name}", forbidden)
    with Session.open(small) as session:
        assert learnt(session)
        assert not session.knowledge.missing_metrics()


def test_a_new_cluster_and_a_new_metric_are_not_mixed(page: Any, small: Path) -> None:
    unregister_metric("burst_share")
    with Session.open(small) as session:
        session.learn_all()
        remember(session)
    register_metric(page.BURSTS)
    with Session.open(small) as session:
        session.statistics.recall()
        merged = session.merge(session.cluster_ids[:2].tolist()).added[0]
        found: set[str] = set()
        for piece in learnt(session):
            if merged in piece:
                assert set(piece) == {merged}
                found |= piece[merged]
            else:
                assert all(names == {"burst_share"} for names in piece.values())
        assert found == session.measures.metrics.names


@pytest.mark.parametrize(
    ("returned", "words"),
    [(KeyError("x"), "KeyError: 'x'"), (3.0, "it returned float, expected a Metric")],
)
def test_a_metric_that_fails_is_not_computed_any_more_and_said_so_once(
    page: Any, small: Path, returned: Any, words: str
) -> None:
    def fails(data: Any) -> Any:
        if isinstance(returned, Exception):
            raise returned
        return returned

    register_metric(replace(page.BURSTS, function=fails))
    with Session.open(small) as session:
        told: list[str] = []
        session.warned.connect(told.append)
        session.learn_all()
        assert not session.knowledge.missing_metrics()
        assert all("snr" in of and "burst_share" not in of for of in session.metrics.values())
        assert told == session.measures.problems
        assert len(told) == 1
        assert "'burst_share' is not computed any more" in told[0]
        assert words in told[0]
        remember(session)
    # With the fault mended it is computed.
    register_metric(page.BURSTS)
    with Session.open(small) as session:
        assert learnt(session)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "L-ratio"}, "cannot be called 'L-ratio'"),
        ({"needs": frozenset({"waveform"})}, "burst_share needs waveform; there are spike_samples"),
        ({"form": "zz"}, "[Ff]ormat"),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused(page: Any, change: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        replace(page.BURSTS, **change)

"""Which metrics there are: of the program, of installed packages, and of a script."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from phygui.analysis import (
    ClusterData,
    Metric,
    MetricSpec,
    find_metric,
    register_metric,
    unregister_metric,
)
from phygui.analysis.metrics import metrics, registry

COUNT = MetricSpec(
    "count", "n", "count", "number of spikes", lambda data: Metric(data.n_spikes), frozenset()
)
ORDERED = MetricSpec("early", "e", "early", "stands first", lambda data: Metric(0.0), order=-1)


@dataclass
class Entry:
    """An entry point of an installed package."""

    name: str
    loaded: Any

    def load(self) -> Any:
        if isinstance(self.loaded, Exception):
            raise self.loaded
        return self.loaded


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Entry]]:
    entries: list[Entry] = []
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: entries)
    registry._found.cache_clear()
    yield entries
    registry._found.cache_clear()
    unregister_metric("count")


def test_packages_name_one_metric_or_several(installed: list[Entry]) -> None:
    installed += [Entry("one", COUNT), Entry("some", [ORDERED])]
    assert metrics()[0] is ORDERED
    assert find_metric("count") is COUNT
    assert COUNT.is_instant
    assert COUNT.measure(ClusterData(n_spikes=3)).value == 3.0
    assert find_metric("snr") is not None


def test_what_cannot_be_used_is_left_out_and_the_log_says_why(
    installed: list[Entry], caplog: pytest.LogCaptureFixture
) -> None:
    usual = len(metrics())
    registry._found.cache_clear()
    installed += [Entry("gone", ImportError("no module")), Entry("odd", [3]), Entry("ok", COUNT)]
    with caplog.at_level(logging.WARNING):
        assert len(metrics()) == usual + 1
    assert "'gone' cannot be used: no module" in caplog.text
    assert "int is no metric, expected a MetricSpec" in caplog.text


def test_a_registered_metric_takes_the_place_of_one_with_its_name(installed: list[Entry]) -> None:
    installed.append(Entry("one", COUNT))
    own = MetricSpec("count", "n", "count", "none at all", lambda data: Metric(0.0))
    register_metric(own)
    assert find_metric("count") is own
    unregister_metric("count")
    assert find_metric("count") is COUNT
    unregister_metric("count")
    with pytest.raises(TypeError, match="function is no metric, expected a MetricSpec"):
        register_metric(lambda data: Metric(0.0))  # type: ignore[arg-type]


def test_where_what_it_needs_is_not_known_the_function_is_not_called() -> None:
    spec = MetricSpec(
        "x", "x", "x", "x", lambda data: pytest.fail("called"), frozenset({"amplitudes"})
    )
    found = spec.measure(ClusterData(n_spikes=3))
    assert not found.is_defined
    assert found.reason == "there are no amplitudes"

"""Which metrics there are: of the program, of installed packages, and of a script."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from phygui.analysis import (
    ClusterData,
    Metric,
    MetricSpec,
    find_metric,
    register_metric,
    unregister_metric,
)
from phygui.analysis.metrics import metrics

MODULE = """
from phygui.analysis import Metric, MetricSpec

COUNT = MetricSpec(
    "count", "n", "count", "number of spikes", lambda data: Metric(data.n_spikes), frozenset()
)
ORDERED = MetricSpec("early", "e", "early", "stands first", lambda data: Metric(0.0), order=-1)
SOME, ODD, SNR = [ORDERED], [3], MetricSpec("snr", "s", "s", "s", lambda data: Metric(0.0))
"""


@pytest.fixture
def installed(install_plugins: Callable[[str, str], Path]) -> Iterator[Callable[[str], object]]:
    yield lambda lines: install_plugins(MODULE, f"[phygui.metrics]\n{lines}\n")
    unregister_metric("count")


def test_packages_name_one_metric_or_several(installed: Callable[[str], object]) -> None:
    installed("one = lab_plugins:COUNT\nsome = lab_plugins:SOME")
    assert metrics()[0].name == "early"
    count = find_metric("count")
    assert count is not None
    assert count.is_instant
    assert count.measure(ClusterData(n_spikes=3)).value == 3.0
    assert find_metric("snr") is not None


def test_what_cannot_be_used_is_left_out_and_the_log_says_why(
    installed: Callable[[str], object], caplog: pytest.LogCaptureFixture
) -> None:
    usual = len(metrics())
    lines = "gone = lab_plugins:NO", "odd = lab_plugins:ODD", "ok = lab_plugins:COUNT"
    installed("\n".join([*lines, "taken = lab_plugins:SNR"]))
    with caplog.at_level(logging.WARNING):
        assert len(metrics()) == usual + 1
    assert "the plugin gone is switched off: it raised AttributeError" in caplog.text
    assert "it holds int, expected MetricSpec" in caplog.text
    assert "there is already another metric that is called snr" in caplog.text


def test_a_registered_metric_takes_the_place_of_one_with_its_name(
    installed: Callable[[str], object],
) -> None:
    installed("one = lab_plugins:COUNT")
    own = MetricSpec("count", "n", "count", "none at all", lambda data: Metric(0.0))
    register_metric(own)
    assert find_metric("count") is own
    unregister_metric("count")
    found = find_metric("count")
    assert found is not None
    assert found.help == "number of spikes"
    with pytest.raises(TypeError, match="function is no metric, expected a MetricSpec"):
        register_metric(lambda data: Metric(0.0))  # type: ignore[arg-type]


def test_where_what_it_needs_is_not_known_the_function_is_not_called() -> None:
    spec = MetricSpec(
        "x", "x", "x", "x", lambda data: pytest.fail("called"), frozenset({"amplitudes"})
    )
    found = spec.measure(ClusterData(n_spikes=3))
    assert not found.is_defined
    assert found.reason == "there are no amplitudes"

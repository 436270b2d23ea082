"""The quality by which the best queue goes, as long as no script brings its own."""

from __future__ import annotations

from phygui.analysis import ClusterSummary, Metric
from phygui.curation.statistics.snapshot import ClusterStats
from phygui.curation.statistics.stats import default_quality


def of(size: float, n_spikes: int) -> ClusterStats:
    return ClusterStats(size=size, summary=ClusterSummary(n_spikes))


def test_large_clusters_come_first_and_a_handful_of_spikes_does_not() -> None:
    assert default_quality(of(200, 300), {}) > default_quality(of(100, 300), {})
    assert default_quality(of(400, 1), {}) < default_quality(of(20, 300), {})
    assert default_quality(of(0, 0), {}) == 0


def test_contamination_counts_and_clusters_full_of_it_still_go_by_size() -> None:
    half, full = ({"contamination_llobet": Metric(value)} for value in (0.5, 1.0))
    unknown = {"contamination_llobet": Metric(float("nan"), "too few spikes")}
    assert default_quality(of(100, 300), half) == default_quality(of(100, 300), {}) / 2
    assert default_quality(of(100, 300), unknown) == default_quality(of(100, 300), {})
    assert default_quality(of(200, 300), full) > default_quality(of(100, 300), full) > 0

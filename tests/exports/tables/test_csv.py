"""Tables of comma-separated values, as pandas reads them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from phygui import Session
from phygui.exports import export, gather


def test_one_row_a_cluster(curated: Session, tmp_path: Path) -> None:
    table = pd.read_csv(export(curated, "csv", tmp_path / "x.csv"))
    assert table["cluster"].tolist() == curated.cluster_ids.tolist()
    assert dict(zip(table["cluster"], table["group"], strict=True)) == curated.cluster_groups
    counts = {c: len(of) for c, of in curated.spikes_per_cluster.items()}
    assert dict(zip(table["cluster"], table["n_spikes"], strict=True)) == counts
    assert table["region"].dropna().tolist() == ["CA1, left"] * 2
    for heading in ("depth (µm)", "amplitude (µV)", "firing_rate (spikes/s)", "purity (%)"):
        assert np.isfinite(table[heading]).any()
    assert table["purity (%)"].between(1.5, 100).any()


def test_one_row_a_spike(curated: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Metrics are not in it, and not waited for.
    monkeypatch.setattr(gather, "complete", pytest.fail)
    path = export(curated, "csv", tmp_path / "x.csv", groups=["good"], options={"spikes": "yes"})
    table = pd.read_csv(path)
    good = [c for c, group in curated.cluster_groups.items() if group == "good"]
    expected = np.flatnonzero(np.isin(curated.spike_clusters, good))
    assert table["spike"].tolist() == expected.tolist()
    assert table["cluster"].tolist() == curated.spike_clusters[expected].tolist()
    np.testing.assert_allclose(table["time (s)"], curated.shank.spike_times[expected])
    assert table["sample"].tolist() == curated.shank.spike_samples[expected].tolist()
    assert set(table["group"]) == {"good"}


def test_a_table_without_rows_has_its_headings(curated: Session, tmp_path: Path) -> None:
    for name, options in (("clusters", {}), ("spikes", {"spikes": True})):
        path = export(curated, "csv", tmp_path / f"{name}.csv", groups=[], options=options)
        table = pd.read_csv(path)
        assert len(table) == 0
        assert "cluster" in table

"""Parquet, ``.npz`` and ``.mat``, as pandas, numpy and scipy read them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest
from scipy.io import loadmat

from phygui import Session
from phygui.exports import export
from phygui.exports.tables.arrays import matlab_names


@pytest.fixture
def expected(curated: Session, tmp_path: Path) -> pd.DataFrame:
    """The table as the CSV export holds it."""
    return pd.read_csv(export(curated, "csv", tmp_path / "expected.csv"))


def test_parquet_holds_the_table_with_units(
    curated: Session, tmp_path: Path, expected: pd.DataFrame
) -> None:
    path = export(curated, "parquet", tmp_path / "x.parquet")
    table = pd.read_parquet(path)
    assert table["cluster"].dtype == np.int64
    pd.testing.assert_frame_equal(table, expected, check_dtype=False, check_exact=False, rtol=1e-12)
    schema = pyarrow.parquet.read_schema(path)
    assert schema.field("amplitude (µV)").metadata[b"unit"].decode() == "µV"
    assert schema.field("purity (%)").metadata[b"description"]
    assert b"phygui" in schema.metadata


def test_parquet_holds_spikes(curated: Session, tmp_path: Path) -> None:
    path = export(curated, "parquet", tmp_path / "x.parquet", options={"spikes": True})
    table = pd.read_parquet(path)
    assert table["cluster"].tolist() == curated.spike_clusters.tolist()
    assert table["time (s)"].tolist() == curated.shank.spike_times.tolist()


def check_arrays(curated: Session, found: Any, rows: pd.DataFrame, groups: list[str]) -> None:
    chosen = np.isin(
        curated.spike_clusters, [c for c, g in curated.cluster_groups.items() if g in groups]
    )
    assert np.ravel(found["spike_clusters"]).tolist() == curated.spike_clusters[chosen].tolist()
    assert np.ravel(found["spike_times"]).tolist() == curated.shank.spike_times[chosen].tolist()
    samples = curated.shank.spike_samples[chosen]
    assert np.ravel(found["spike_samples"]).tolist() == samples.tolist()
    assert np.ravel(found["spike_ids"]).tolist() == np.flatnonzero(chosen).tolist()
    assert np.ravel(found["sample_rate"]).tolist() == [curated.shank.sample_rate]
    assert len(rows)


def test_npz_is_read_without_pickles(
    curated: Session, tmp_path: Path, expected: pd.DataFrame
) -> None:
    rows = expected[expected["group"] == "good"]
    path = export(curated, "npz", tmp_path / "x.npz", groups=["good"])
    with np.load(path, allow_pickle=False) as found:
        check_arrays(curated, found, rows, ["good"])
        assert found["table_cluster"].tolist() == rows["cluster"].tolist()
        np.testing.assert_allclose(found["table_amplitude"], rows["amplitude (µV)"])
        assert found["table_region"].tolist() == rows["region"].fillna("").tolist()
        units = dict(zip(found["table_columns"], found["table_units"], strict=True))
        assert units["amplitude"] == "µV"
        assert "phygui" in str(found["provenance"])


def test_mat_is_read_by_scipy(curated: Session, tmp_path: Path, expected: pd.DataFrame) -> None:
    rows = expected[expected["group"] == "good"]
    path = export(curated, "mat", tmp_path / "x.mat", groups=["good"])
    found = loadmat(path, simplify_cells=True)
    check_arrays(curated, found, rows, ["good"])
    table = found["table"]
    assert table["cluster"].tolist() == rows["cluster"].tolist()
    np.testing.assert_allclose(table["amplitude"], rows["amplitude (µV)"])
    assert list(table["group"]) == ["good"] * len(rows)
    assert table["region"][0] == "CA1, left"
    assert found["provenance"]["program"] == "phygui"


def test_names_of_fields_are_words_and_differ() -> None:
    long = "a" * 80
    found = matlab_names(["x", "brain region", "brain_region", "1st", long, long + "b"])
    assert found[:4] == ["x", "brain_region", "brain_region_2", "x1st"]
    assert len(set(found)) == 6
    assert max(map(len, found)) == 63


@pytest.mark.parametrize("name", ["csv", "mat", "npz", "parquet"])
def test_a_file_is_called_as_it_was_said(curated: Session, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "results"
    folder.mkdir()
    assert export(curated, name, folder / "units") == folder / "units"
    assert [path.name for path in folder.iterdir()] == ["units"]

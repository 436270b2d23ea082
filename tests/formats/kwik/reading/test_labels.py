"""Labels come back from the file as they were, and what is not ours is left alone."""

from __future__ import annotations

from pathlib import Path

import h5py
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phygui.formats.kwik.reading.labels import read_labels, write_labels


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "some.kwik"
    with h5py.File(path, "w") as file:
        for cluster_id in (2, 3):
            file.create_group(f"channel_groups/0/clusters/main/{cluster_id}")
    return path


def write(path: Path, labels) -> None:
    with h5py.File(path, "r+") as file:
        write_labels(file, 0, "main", labels)


texts = st.dictionaries(st.text(min_size=1), st.text(), max_size=4)


@settings(max_examples=40)
@given(texts, texts)
def test_round_trip(path, one, two):
    write(path, {2: one, 3: two})
    expected = {c: of for c, of in ((2, one), (3, two)) if of}
    assert read_labels(path, 0, "main", [2, 3, 7]) == expected


def test_removed_labels_are_gone_and_the_rest_stays(path):
    with h5py.File(path, "r+") as file:
        file.create_group("channel_groups/0/clusters/main/2/user_data").attrs["note"] = "mine"
    write(path, {2: {"depth": "800"}})
    write(path, {2: {}})
    assert read_labels(path, 0, "main", [2]) == {}
    with h5py.File(path) as file:
        user_data = file["channel_groups/0/clusters/main/2/user_data"]
        assert dict(user_data.attrs) == {"note": "mine"}
        assert "user_data" not in file["channel_groups/0/clusters/main/3"]


def test_a_long_label_fits(path):
    write(path, {2: {"story": "x" * 200_000}})
    assert len(read_labels(path, 0, "main", [2])[2]["story"]) == 200_000


@pytest.mark.parametrize("value", ["{", "[1]", "5", '{"a": 1}', 7, b"\xff", "[" * 100_000])
def test_what_is_not_ours_is_no_label(path, value):
    with h5py.File(path, "r+") as file:
        group = file.create_group("channel_groups/0/clusters/main/2/user_data")
        group.attrs["labels"] = value
    assert read_labels(path, 0, "main", [2]) == {}


def test_no_such_clustering(path):
    assert read_labels(path, 3, "other", [2]) == {}

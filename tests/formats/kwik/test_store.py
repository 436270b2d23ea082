"""Clusterings of a file through the door: read, written together, and changed under us."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from phygui.dataset import ClusteringState, DatasetError, open_dataset
from phygui.formats.kwik.store import KwikClusterings

from .conftest import GROUP, N_SPIKES, Tiny

MAIN, ORIGINAL = (0, "main"), (0, "original")


@pytest.fixture
def two(tiny: Tiny) -> Tiny:
    """A dataset of two shanks."""
    with tiny.edit() as file:
        file.copy("channel_groups/0", "channel_groups/1")
    return tiny


def stored(path: Path, group: int = 0, name: str = "main") -> tuple[np.ndarray, dict[int, int]]:
    """Cluster of each spike, and the groups of clusters that have spikes, by h5py alone."""
    with h5py.File(path) as file:
        clusters = file[f"channel_groups/{group}/spikes/clusters/{name}"][...]
        members = file[f"channel_groups/{group}/clusters/{name}"]
        groups = {int(c): int(members[f"{c}"].attrs["cluster_group"]) for c in np.unique(clusters)}
    return clusters, groups


def changed(state: ClusteringState, **labels: str) -> ClusteringState:
    """Another state: cluster 2 is called 20, and good; it has labels."""
    clusters = np.where(state.spike_clusters == 2, 20, state.spike_clusters).astype(np.int32)
    groups = {20 if c == 2 else c: g for c, g in state.cluster_groups.items()}
    return replace(
        state,
        spike_clusters=clusters,
        cluster_groups=groups | {20: 7},
        labels={20: labels} if labels else {},
        group_names={**state.group_names, 7: "axon"},
    )


def test_a_clustering_is_read(two: Tiny) -> None:
    store = KwikClusterings(two.kwik)
    assert store.all_keys() == [(g, n) for g in (0, 1) for n in ("main", "original")]
    assert store.names(1) == ["main", "original"]
    state = store.read(MAIN)
    clusters, groups = stored(two.kwik)
    np.testing.assert_array_equal(state.spike_clusters, clusters)
    assert state.cluster_groups == groups
    assert state.labels == {}
    assert state.group_names == {0: "Noise", 1: "MUA", 2: "Good", 3: "Unsorted"}
    assert state.largest_cluster_id == 9
    with pytest.raises(DatasetError, match="no clustering 'mine', expected one of main, original"):
        store.read((0, "mine"))


@settings(max_examples=25)
@given(
    st.lists(st.sampled_from([1, 4, 30]), min_size=N_SPIKES, max_size=N_SPIKES),
    st.dictionaries(st.sampled_from([1, 4, 30]), st.sampled_from([0, 1, 2, 3, 5])),
    st.dictionaries(st.sampled_from(["area", "note"]), st.text("ab é", min_size=1), max_size=2),
)
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory,
    make_tiny: Callable[[Path], Tiny],
    clusters: list[int],
    groups: dict[int, int],
    labels: dict[str, str],
) -> None:
    path = make_tiny(tmp_path_factory.mktemp("written")).kwik
    living = sorted(set(clusters))
    state = ClusteringState(
        np.array(clusters, np.int32),
        {c: groups.get(c, 3) for c in living},
        {living[0]: labels} if labels else {},
        {0: "Noise", 1: "MUA", 2: "Good", 3: "Unsorted", 5: "axon"},
    )
    KwikClusterings(path).write({MAIN: state})
    found = KwikClusterings(path).read(MAIN)
    assert found.equals(state)
    assert found.group_names == state.group_names
    values, of_file = stored(path)
    np.testing.assert_array_equal(values, clusters)
    assert of_file == state.cluster_groups


def test_several_shanks_are_one_transaction(two: Tiny) -> None:
    store = KwikClusterings(two.kwik)
    states = {key: changed(store.read(key), area="CA1") for key in (MAIN, (1, "main"))}
    asked: list[Any] = []

    def not_now() -> None:
        # All is staged beside the file, which is as it was.
        asked.append(stored(two.kwik)[0])
        raise DatasetError("not now")

    before = two.kwik.read_bytes()
    with pytest.raises(DatasetError, match="not now"):
        store.write(states, ready=not_now)
    assert len(asked) == 1
    assert two.kwik.read_bytes() == before
    # Nothing of it is left but the state before the first save, which is still that of the file.
    assert {p.name for p in two.folder.iterdir() if "kwik" in p.name} <= {
        "tiny.kwik",
        "tiny.kwik.bak",
    }

    replaced = []
    store.write(states, ready=lambda: replaced.append(two.kwik.read_bytes() == before))
    assert replaced == [True]
    for key, state in states.items():
        assert store.read(key).equals(state)
    # What was not written is as it was.
    untouched = [stored(two.kwik, group, "original")[0] for group in (0, 1)]
    np.testing.assert_array_equal(*untouched)
    assert store.unedited() is not None


def test_a_copy_leaves_the_dataset_alone(two: Tiny) -> None:
    store, target = KwikClusterings(two.kwik), two.folder / "copy.kwik"
    before = two.kwik.read_bytes()
    state = changed(store.read(MAIN))
    store.write({MAIN: state}, target=target)
    assert two.kwik.read_bytes() == before
    assert KwikClusterings(target).read(MAIN).equals(state)
    with pytest.raises(DatasetError, match=r"does not end in \.kwik"):
        store.write({MAIN: state}, target=two.folder / "copy.h5")


def test_the_sorters_clustering_is_never_written(tiny: Tiny) -> None:
    store = KwikClusterings(tiny.kwik)
    assert store.is_protected(ORIGINAL)
    assert not store.is_protected(MAIN)
    before, state = tiny.kwik.read_bytes(), changed(store.read(ORIGINAL))
    with pytest.raises(DatasetError, match="original is never written"):
        store.write({MAIN: state, ORIGINAL: state})
    with pytest.raises(DatasetError, match="already has a clustering called original"):
        store.copy(MAIN, "original", state)
    assert tiny.kwik.read_bytes() == before
    store.copy(ORIGINAL, "mine", state)
    assert store.read((0, "mine")).equals(state)


def test_what_somebody_else_writes_is_noticed_and_read(tiny: Tiny) -> None:
    dataset = open_dataset(tiny.kwik)
    dataset.open().close()
    store = dataset.clusterings
    stamp = store.stamp()
    assert store.stamp() == stamp
    with tiny.edit() as file:
        file[f"{GROUP}/spikes/clusters/main"][:] = 3
    assert store.stamp() != stamp
    # The model has read it when it was opened, and that does not count any more.
    assert set(store.read(MAIN).spike_clusters.tolist()) == {3}


def test_what_was_read_at_opening_is_not_read_again(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = open_dataset(tiny.kwik)
    dataset.open().close()
    monkeypatch.setattr("phygui.formats.kwik.store.read_clustering", pytest.fail)
    np.testing.assert_array_equal(
        dataset.clusterings.read(MAIN).spike_clusters, stored(tiny.kwik)[0]
    )


def test_a_file_that_is_gone_is_said(tiny: Tiny) -> None:
    store = KwikClusterings(tiny.kwik)
    os.unlink(tiny.kwik)
    with pytest.raises(DatasetError, match=r"tiny\.kwik"):
        store.stamp()
    with pytest.raises(DatasetError, match=r"tiny\.kwik"):
        store.read(MAIN)

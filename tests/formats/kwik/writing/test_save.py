"""What a save and the managing of clusterings write, and that all else stays as it was."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from phygui import KwikModel
from phygui.errors import DatasetChanged, DatasetError
from phygui.formats.kwik.store import KwikClusterings
from phygui.storage.state.fingerprint import FileStamp
from phygui.storage.state.lock import Lock
from phygui.storage.state.state_folder import state_folder
from tests.formats.kwik.conftest import GROUP, N_SPIKES, Tiny

MAIN = f"{GROUP}/spikes/clusters/main"


def everything(path: Path) -> dict[str, Any]:
    """All objects and attributes of a file: values, types, shapes and layouts."""
    found: dict[str, Any] = {}

    def look(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = (
                item.dtype.str,
                item.shape,
                item.maxshape,
                item.chunks,
                item.compression,
                item[...].tobytes(),
            )
        else:
            found[name] = "group"
        for key in item.attrs:
            attribute = item.attrs.get_id(key)
            value = np.zeros(attribute.shape or (), dtype=attribute.dtype)
            if attribute.get_storage_size() if attribute.shape is not None else 0:
                attribute.read(value)
            text = value.tobytes() if value.dtype.kind != "O" else repr(item.attrs[key])
            found[f"{name}@{key}"] = (attribute.dtype.str, attribute.shape, text)

    with h5py.File(path) as file:
        look("", file)
        file.visititems(look)
    return found


def changes(before: dict[str, Any], after: dict[str, Any]) -> tuple[set[str], set[str], set[str]]:
    """Names that are gone, new, and different."""
    different = {name for name in before.keys() & after.keys() if before[name] != after[name]}
    return before.keys() - after.keys(), after.keys() - before.keys(), different


def quiet(path: Path, **options: Any) -> KwikModel:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return KwikModel(path, **options)


@pytest.fixture(params=["tiny", "small", "hybrid_10sec", "simulated_20sec", "spikedetekt2_4sec"])
def dataset(request: pytest.FixtureRequest) -> Path:
    if request.param == "tiny":
        return request.getfixturevalue("tiny").kwik
    if request.param == "small":
        return request.getfixturevalue("small")
    return request.getfixturevalue("copy_dataset")(request.param)


def test_a_save_writes_the_curation_and_nothing_else(dataset: Path) -> None:
    model = quiet(dataset)
    before = everything(dataset)
    others = {path: path.read_bytes() for path in dataset.parent.iterdir() if path != dataset}
    first, second = model.cluster_ids[:2].tolist()
    new = model.largest_cluster_id + 1
    values = model.spike_clusters.copy()
    values[np.isin(values, [first, second])] = new
    groups = {**model.cluster_groups, new: 2}
    third = model.cluster_ids[2].item()
    groups[third] = (groups[third] + 1) % 3
    model.save(values, groups)

    gone, added, different = changes(before, everything(dataset))
    assert gone == set()
    where = f"{GROUP}/clusters/main/{new}"
    assert {name for name in added if "cluster_group" in name or "color" in name} == {
        f"{where}@cluster_group",
        f"{where}/application_data/klustaviewa@color",
    }
    assert all(name.startswith(where) for name in added)
    assert different == {MAIN, f"{GROUP}/clusters/main/{third}@cluster_group"}
    assert all(path.read_bytes() == content for path, content in others.items())
    with h5py.File(dataset) as file:
        assert file[MAIN].dtype == model.spike_clusters.dtype
        np.testing.assert_array_equal(file[MAIN][...], values)
        assert file[where].attrs["cluster_group"] == 2

    for found in (model, quiet(dataset)):
        np.testing.assert_array_equal(found.spike_clusters, values)
        assert found.spike_clusters.dtype == model.spike_clusters.dtype
        assert found.cluster_groups == {c: groups[c] for c in np.unique(values).tolist()}
        assert found.largest_cluster_id == new


def test_saving_what_is_there_changes_no_value(dataset: Path) -> None:
    model = quiet(dataset)
    before = everything(dataset)
    model.save(model.spike_clusters, model.cluster_groups)
    gone, added, different = changes(before, everything(dataset))
    assert (gone, different) == (set(), set())
    assert added == set()


def test_the_first_save_keeps_a_backup(tiny: Tiny) -> None:
    content = tiny.kwik.read_bytes()
    model = KwikModel(tiny.kwik)
    for cluster in (100, 101):
        model.save(np.full(N_SPIKES, cluster), {})
    assert (tiny.folder / "tiny.kwik.bak").read_bytes() == content


def test_groups_by_number_name_and_default(tiny: Tiny) -> None:
    model = KwikModel(tiny.kwik)
    values = model.spike_clusters.copy()
    values[:9] = [20, 20, 20, 21, 21, 21, 22, 22, 22]
    model.save(values, {20: "good", 21: 5, 2: "MUA"}, cluster_group_names={5: "Interneurons"})
    expected = {2: 1, 3: 1, 5: 3, 9: 0, 20: 2, 21: 5, 22: 3}
    assert model.cluster_groups == expected
    assert KwikModel(tiny.kwik).cluster_group_names[5] == "Interneurons"
    assert KwikModel(tiny.kwik).cluster_groups == expected


def test_groups_without_a_name_are_given_one(tiny: Tiny) -> None:
    tiny.set(f"{GROUP}/clusters/main/5", "cluster_group", 7)
    model = quiet(tiny.kwik)
    values = np.where(model.spike_clusters == 5, 40, model.spike_clusters)
    model.save(values, {**model.cluster_groups, 40: model.cluster_metadata.group(5), 9: 12})
    saved = KwikModel(tiny.kwik)
    assert saved.warnings == []
    assert saved.cluster_groups[40] == 7
    assert (saved.cluster_group_names[7], saved.cluster_metadata[40]) == ("Group 7", "group 7")
    model.save(values, {40: np.int64(12), 9: 2.0, 2: "MUA"})
    saved = KwikModel(tiny.kwik)
    assert (saved.cluster_groups[40], saved.cluster_group_names[12]) == (12, "Group 12")
    assert (saved.cluster_groups[9], saved.cluster_groups[2]) == (2, 1)


def test_a_session_that_has_the_file_open_is_not_written_beside(tiny: Tiny) -> None:
    model = quiet(tiny.kwik)
    values = np.full(N_SPIKES, 2)
    lock = Lock(state_folder(tiny.kwik))
    assert lock.acquire() is None
    content = tiny.kwik.read_bytes()
    with pytest.raises(DatasetError, match=r"tiny\.kwik is open for editing \(in this program"):
        model.save(values, {})
    with pytest.raises(DatasetError, match="open for editing"):
        model.add_cluster_group(4, "Pyramidal")
    assert tiny.kwik.read_bytes() == content
    lock.release()
    model.save(values, {})
    assert KwikModel(tiny.kwik).cluster_ids.tolist() == [2]
    assert not state_folder(tiny.kwik).exists()


def test_metadata_of_the_clustering(tiny: Tiny) -> None:
    model = KwikModel(tiny.kwik)
    told = {"who": "Zoë", "n": 3, "x": 0.5, "done": True, "list": [1.5, 2.5]}
    model.save(model.spike_clusters, {}, told)
    assert model.clustering_metadata == KwikModel(tiny.kwik).clustering_metadata
    assert KwikModel(tiny.kwik).clustering_metadata == {**told, "done": 1}
    with pytest.raises(DatasetError, match="the metadata bad is"):
        model.save(model.spike_clusters, {}, {"bad": {"a": object()}})


@pytest.mark.parametrize(
    ("values", "groups", "message"),
    [
        (np.zeros(N_SPIKES - 1, int), {}, r"has shape \(59,\) .* expected 60 integers"),
        (np.zeros((N_SPIKES, 1), int), {}, r"has shape \(60, 1\)"),
        (np.zeros(N_SPIKES), {}, "type float64, expected 60 integers"),
        (np.full(N_SPIKES, -1), {}, "from -1 to -1, expected cluster ids from 0 up"),
        (np.full(N_SPIKES, 2**31), {}, r"below 2\*\*31"),
        (np.full(N_SPIKES, 4), {4: -1}, "cluster 4 is in group -1, expected one of Noise"),
        (np.full(N_SPIKES, 4), {4: 2**31}, "cluster 4 is in group 2147483648, expected"),
        (np.full(N_SPIKES, 4), {4: 2.5}, "cluster 4 is in group 2.5, expected one of Noise"),
        (np.full(N_SPIKES, 4), {4: float("nan")}, "cluster 4 is in group nan, expected one of"),
        (np.full(N_SPIKES, 4), {4: None}, "cluster 4 is in group None, expected one of Noise"),
        (np.full(N_SPIKES, 4), {4: "superb"}, "cluster 4 is in group 'superb'"),
    ],
)
def test_what_cannot_be_saved_is_refused(
    tiny: Tiny, values: np.ndarray, groups: dict[int, Any], message: str
) -> None:
    content = tiny.kwik.read_bytes()
    with pytest.raises(DatasetError, match=message):
        KwikModel(tiny.kwik).save(values, groups)
    assert tiny.kwik.read_bytes() == content
    assert not (tiny.folder / "tiny.kwik.bak").exists()


def test_clusters_that_do_not_fit_the_files_own_type(tiny: Tiny) -> None:
    with h5py.File(tiny.kwik) as file:
        values = file[MAIN][...]
    tiny.replace(MAIN, values.astype(np.uint8))
    model = KwikModel(tiny.kwik)
    with pytest.raises(DatasetError, match="main holds uint8, which has no room for cluster 300"):
        model.save(np.full(N_SPIKES, 300), {})
    model.save(np.full(N_SPIKES, 255), {})
    assert KwikModel(tiny.kwik).spike_clusters.dtype == np.uint8


def test_a_script_writes_through_the_store_and_leaves_labels_alone(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = KwikClusterings(tiny.kwik)
    state = replace(store.read((0, "main")), labels={2: {"area": "CA1"}})
    store.write({(0, "main"): state})
    written: list[Any] = []
    write = KwikClusterings.write

    def note(self: KwikClusterings, states: Any, **options: Any) -> None:
        written.append(states)
        write(self, states, **options)

    monkeypatch.setattr(KwikClusterings, "write", note)
    with KwikModel(tiny.kwik) as model:
        model.save(model.spike_clusters, {2: "mua"}, {"by": "a script"})
    assert [list(states) for states in written] == [[(0, "main")]]
    after = store.read((0, "main"))
    assert after.labels == state.labels
    assert after.cluster_groups == {**state.cluster_groups, 2: 1}
    assert KwikModel(tiny.kwik).clustering_metadata["by"] == "a script"


def test_original_is_never_written(tiny: Tiny) -> None:
    model = KwikModel(tiny.kwik, clustering="original")
    content = tiny.kwik.read_bytes()
    for write in (
        lambda: model.save(model.spike_clusters, {}),
        lambda: model.add_cluster_group(4, "new"),
        lambda: model.rename_clustering("original", "mine"),
        lambda: model.delete_clustering("original"),
    ):
        with pytest.raises(DatasetError, match="original"):
            write()
    assert tiny.kwik.read_bytes() == content


@pytest.mark.parametrize(
    "place",
    [
        MAIN,
        f"{GROUP}/clusters",
        f"{GROUP}/clusters/main",
        f"{GROUP}/clusters/main/2",
        f"{GROUP}/spikes",
        f"{GROUP}/spikes/clusters",
    ],
)
def test_nothing_is_written_through_a_soft_link(tiny: Tiny, place: str) -> None:
    with tiny.edit() as file:
        file.move(place, "elsewhere")
        file[place] = h5py.SoftLink("/elsewhere")
    content = tiny.kwik.read_bytes()
    model = KwikModel(tiny.kwik)
    with pytest.raises(DatasetError, match="is a soft link"):
        model.save(np.full(N_SPIKES, 2), {2: 0})
    assert tiny.kwik.read_bytes() == content


def test_nothing_is_written_through_an_external_link(tiny: Tiny) -> None:
    other = tiny.folder / "other.h5"
    with tiny.edit() as file, h5py.File(other, "w") as elsewhere:
        file.copy(f"{GROUP}/cluster_groups", elsewhere, "names")
        del file[f"{GROUP}/cluster_groups/main"]
    model = KwikModel(tiny.kwik)
    with tiny.edit() as file:
        file[f"{GROUP}/cluster_groups/main"] = h5py.ExternalLink("other.h5", "/names/main")
    content = other.read_bytes(), tiny.kwik.read_bytes()
    os.utime(tiny.kwik, ns=(0, model._identity.mtime_ns))
    model._identity = FileStamp.of(tiny.kwik)
    with pytest.raises(DatasetError, match="is an external link"):
        model.add_cluster_group(4, "new")
    assert (other.read_bytes(), tiny.kwik.read_bytes()) == content


def test_a_hard_linked_file_is_refused(tiny: Tiny) -> None:
    os.link(tiny.kwik, tiny.folder / "twin.kwik")
    with pytest.raises(DatasetError, match="has 2 hard links"):
        KwikModel(tiny.kwik).save(np.full(N_SPIKES, 2), {})


def test_a_symbolic_link_to_the_file_is_followed(tiny: Tiny) -> None:
    link = tiny.folder / "link.kwik"
    link.symlink_to("tiny.kwik")
    KwikModel(link).save(np.full(N_SPIKES, 2), {})
    assert link.is_symlink()
    assert KwikModel(tiny.kwik).cluster_ids.tolist() == [2]


def test_a_file_changed_by_another_program_is_not_overwritten(tiny: Tiny) -> None:
    model = KwikModel(tiny.kwik)
    assert not model.changed_on_disk
    other = KwikModel(tiny.kwik)
    other.save(np.full(N_SPIKES, 9), {})
    assert model.changed_on_disk
    for use in (
        lambda: model.save(np.full(N_SPIKES, 2), {}),
        lambda: setattr(model, "clustering", "original"),
        lambda: setattr(model, "channel_group", 0),
    ):
        with pytest.raises(DatasetChanged, match="changed by another program"):
            use()
    assert KwikModel(tiny.kwik).cluster_ids.tolist() == [9]
    assert other.cluster_ids.tolist() == [9]


def test_a_compressed_clustering_stays_compressed(tiny: Tiny) -> None:
    with h5py.File(tiny.kwik) as file:
        values = file[MAIN][...]
    tiny.replace(MAIN, values, chunks=(16,), compression="gzip", maxshape=(None,))
    before = everything(tiny.kwik)
    KwikModel(tiny.kwik).save(np.where(values == 2, 3, values), {})
    _, _, different = changes(before, everything(tiny.kwik))
    assert different == {MAIN}
    assert everything(tiny.kwik)[MAIN][1:5] == before[MAIN][1:5]


def test_a_group_stored_by_name_is_left_where_it_means_the_same(tiny: Tiny) -> None:
    tiny.set(f"{GROUP}/clusters/main/2", "cluster_group", "Good")
    tiny.set(f"{GROUP}/clusters/main/3", "cluster_group", "MUA")
    model = KwikModel(tiny.kwik)
    model.save(model.spike_clusters, {2: 2, 3: 0})
    with h5py.File(tiny.kwik) as file:
        assert file[f"{GROUP}/clusters/main/2"].attrs["cluster_group"] == "Good"
        assert file[f"{GROUP}/clusters/main/3"].attrs["cluster_group"] == 0


# -- clusterings and groups ---------------------------------------------------------------


def places(name: str) -> tuple[str, str, str]:
    return tuple(f"{GROUP}/{p}/{name}" for p in ("spikes/clusters", "clusters", "cluster_groups"))  # type: ignore[return-value]


def belongs_to(name: str) -> Callable[[str], bool]:
    roots = places(name)
    return lambda item: any(item == r or item.startswith((f"{r}/", f"{r}@")) for r in roots)


def test_clusterings_are_copied_renamed_and_deleted(dataset: Path) -> None:
    model = quiet(dataset)
    before = everything(dataset)
    original = {name: value for name, value in before.items() if belongs_to("main")(name)}
    model.copy_clustering("main", "mine")
    assert model.clusterings == ["main", "mine", "original"]
    gone, added, different = changes(before, everything(dataset))
    assert (gone, different) == (set(), set())
    assert all(belongs_to("mine")(name) for name in added)
    after = everything(dataset)
    for name, value in original.items():
        assert after[name.replace("/main", "/mine", 1)] == value

    model.clustering = "mine"
    assert model.cluster_groups == quiet(dataset).cluster_groups
    model.rename_clustering("mine", "yours")
    assert model.clustering == "yours"
    model.clustering = "main"
    model.delete_clustering("yours")
    assert model.clusterings == ["main", "original"]
    assert everything(dataset) == before


def test_a_new_clustering(tiny: Tiny) -> None:
    before = everything(tiny.kwik)
    model = KwikModel(tiny.kwik)
    values = np.arange(N_SPIKES) // 20
    model.add_clustering("new", values)
    gone, added, different = changes(before, everything(tiny.kwik))
    assert (gone, different) == (set(), set())
    assert all(belongs_to("new")(name) for name in added)
    model.clustering = "new"
    assert model.cluster_groups == {0: 3, 1: 3, 2: 3}
    assert model.spike_clusters.tolist() == values.tolist()
    assert model.spike_clusters.dtype == np.int32
    assert model.cluster_group_names == model.default_cluster_groups


def test_what_clusterings_may_not_do(tiny: Tiny) -> None:
    model = KwikModel(tiny.kwik)
    content = tiny.kwik.read_bytes()
    for write, message in (
        (
            lambda: model.add_clustering("main", np.zeros(N_SPIKES, int)),
            "already has a clustering called main",
        ),
        (lambda: model.add_clustering("x", np.zeros(3, int)), r"has shape \(3,\)"),
        (lambda: model.copy_clustering("nobody", "x"), "has no clustering 'nobody'"),
        (
            lambda: model.copy_clustering("main", "a/b"),
            "'a/b' is not a valid name for a clustering",
        ),
        (lambda: model.copy_clustering("main", ".."), "'..' is not a valid name for a clustering"),
        (lambda: model.copy_clustering("main", "x" * 300), "at most 80 characters, not 300"),
        (lambda: model.copy_clustering("main", ""), "'' is not a valid name for a clustering"),
        (
            lambda: model.rename_clustering("main", "x"),
            "other programs look for the clustering main",
        ),
        (lambda: model.delete_clustering("main"), "other programs look for the clustering main"),
        (lambda: setattr(model, "clustering", "x"), "has no clustering 'x', expected one of"),
        (lambda: setattr(model, "channel_group", 5), "has no shank 5, expected one of"),
    ):
        with pytest.raises(DatasetError, match=message):
            write()
    model.copy_clustering("main", "mine")
    model.clustering = "mine"
    with pytest.raises(DatasetError, match="mine is open; open another one"):
        model.delete_clustering("mine")
    assert content != tiny.kwik.read_bytes()


def test_cluster_groups_are_added_renamed_and_deleted(tiny: Tiny) -> None:
    before = everything(tiny.kwik)
    model = KwikModel(tiny.kwik)
    model.add_cluster_group(4, " Interneurons ")
    assert model.cluster_group_names[4] == "Interneurons"
    model.rename_cluster_group(4, "Pyramidal")
    assert KwikModel(tiny.kwik).cluster_group_names[4] == "Pyramidal"
    _, added, different = changes(before, everything(tiny.kwik))
    names = f"{GROUP}/cluster_groups/main/4"
    assert (added, different) == ({names, f"{names}@name"}, set())
    model.save(model.spike_clusters, {2: 4})
    with pytest.raises(DatasetError, match="clusters 2 are in the group Pyramidal"):
        model.delete_cluster_group(4)
    model.save(model.spike_clusters, {2: 2})
    model.delete_cluster_group(4)
    assert 4 not in KwikModel(tiny.kwik).cluster_group_names
    assert everything(tiny.kwik) == before


def test_what_cluster_groups_may_not_do(tiny: Tiny) -> None:
    model = KwikModel(tiny.kwik)
    model.add_cluster_group(4, "Interneurons")
    for write, message in (
        (lambda: model.add_cluster_group(4, "x"), "already has a cluster group 4"),
        (lambda: model.add_cluster_group(2, "x"), "2 is not a custom cluster group"),
        (lambda: model.add_cluster_group(5, "good"), "already has a cluster group called good"),
        (lambda: model.add_cluster_group(5, "  "), "is not a valid name for a cluster group"),
        (
            lambda: model.rename_cluster_group(2, "x"),
            "the cluster group Good is built-in and cannot be changed",
        ),
        (lambda: model.rename_cluster_group(9, "x"), "has no cluster group 9"),
        (
            lambda: model.delete_cluster_group(3),
            "the cluster group Unsorted is built-in and cannot be changed",
        ),
    ):
        with pytest.raises(DatasetError, match=message):
            write()

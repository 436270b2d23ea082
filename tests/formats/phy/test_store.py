"""Clusterings of a folder: read, written as one transaction, kept from before the first save."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from phygui import Session, open_dataset
from phygui.dataset import ClusteringState, ClusteringStore, DatasetError
from phygui.formats.phy import transaction
from phygui.formats.phy.store import ORIGINALS
from phygui.formats.phy.transaction import pending, staged_path

from .folders import make, table

MAIN = (0, "main")
SAVE = "-0123456789abcdef"


def store_of(path: Path) -> ClusteringStore:
    return open_dataset(path).clusterings


def edited(store: ClusteringStore, **labels: str) -> ClusteringState:
    """Cluster 1 is 8 now, and good; with labels."""
    state = store.read(MAIN)
    clusters = np.where(state.spike_clusters == 1, 8, state.spike_clusters).astype(np.int32)
    groups = {int(c): 2 if c == 8 else 3 for c in np.unique(clusters)}
    return ClusteringState(clusters, groups, {8: labels} if labels else {}, state.group_names)


def test_groups_and_labels_are_what_the_tables_say(tmp_path: Path) -> None:
    path = make(tmp_path, "spikeinterface").path
    table(path, "group", "group", {0: "good", 1: "MUA", 2: "noise", 3: "interneuron"})
    table(path, "note", "note", {0: "two words", 3: ""}, end="\r\n")
    (path / "cluster_other.tsv").write_text("name\tvalue\nx\ty\n")
    state = store_of(path).read(MAIN)
    assert state.cluster_groups == {0: 2, 1: 1, 2: 0, 3: 4, 4: 3, 7: 3}
    assert state.group_names[4] == "interneuron"
    assert state.labels[0] == {"note": "two words", "si_unit_id": "unit 0"}
    assert "note" not in state.labels[3]
    assert state.largest_cluster_id == 7


def test_labels_of_the_sorter_are_no_decisions(tmp_path: Path) -> None:
    path = make(tmp_path, "kilosort4").path
    assert "KSLabel" in (path / "cluster_group.tsv").read_text()
    state = store_of(path).read(MAIN)
    assert set(state.cluster_groups.values()) == {3}
    assert state.labels[1] == {"KSLabel": "good", "ContamPct": "0.1"}


def test_the_sorters_own_clustering_is_there_and_never_written(tmp_path: Path) -> None:
    truth = make(tmp_path)
    store = store_of(truth.path)
    assert store.names(0) == ["main", "original"]
    state = store.read((0, "original"))
    np.testing.assert_array_equal(state.spike_clusters, truth.templates)
    assert store.is_protected((0, "original"))
    with pytest.raises(DatasetError, match="never written"):
        store.write({(0, "original"): state})


@pytest.mark.parametrize("like", ["kilosort2", "kilosort4", "spikeinterface"])
def test_what_is_written_is_read_back_and_the_rest_left_alone(tmp_path: Path, like: str) -> None:
    path = make(tmp_path, like).path
    before = {each.name: each.read_bytes() for each in path.iterdir()}
    shape = np.load(path / "spike_clusters.npy").shape
    store = store_of(path)
    state = edited(store, quality="fine", KSLabel="mua")
    store.write({MAIN: state})
    found = store_of(path).read(MAIN)
    assert found.equals(state)
    assert np.load(path / "spike_clusters.npy").shape == shape
    assert np.load(path / "spike_clusters.npy").dtype == np.int32
    assert (path / "cluster_group.tsv").read_text().startswith("cluster_id\tgroup\n")
    changed = {"spike_clusters.npy"} | {name for name in before if name.endswith(".tsv")}
    for name, data in before.items():
        if name not in changed:
            assert (path / name).read_bytes() == data, name
    assert not [each for each in path.iterdir() if each.name.startswith(".")]


def test_a_label_that_looks_like_a_column_of_another_meaning(tmp_path: Path) -> None:
    path = make(tmp_path).path
    store = store_of(path)
    state = edited(store, group="my own", id="7", **{"label:x": "y", "a/b": "1", "a_b": "2"})
    store.write({MAIN: state})
    found = store_of(path).read(MAIN)
    assert found.equals(state)
    assert found.cluster_groups[8] == 2


words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)


@settings(max_examples=15, deadline=None)
@given(
    labels=st.dictionaries(
        st.integers(0, 4),
        st.dictionaries(st.sampled_from(["KSLabel", "note", "x y", "cluster_id"]), words),
    )
)
def test_any_label_survives(
    tmp_path_factory: pytest.TempPathFactory, labels: dict[int, dict[str, str]]
) -> None:
    path = make(tmp_path_factory.mktemp("any")).path
    store = store_of(path)
    before = store.read(MAIN)
    told = {c: {k: v for k, v in of.items() if v.strip()} for c, of in labels.items()}
    told = {c: of for c, of in told.items() if of}
    state = ClusteringState(before.spike_clusters, before.cluster_groups, told)
    store.write({MAIN: state})
    assert store_of(path).read(MAIN).equals(state)


@pytest.mark.parametrize(
    "name", ["info", "Info", "cell-type", "v1.2", "group.tsv", "région", "n" * 300]
)
def test_a_label_of_any_name_survives(tmp_path: Path, name: str) -> None:
    path = make(tmp_path).path
    store = store_of(path)
    store.write({MAIN: edited(store, **{name: "yes"})})
    assert store_of(path).read(MAIN).labels[8] == {name: "yes"}


def test_labels_of_long_names_that_begin_alike_survive(tmp_path: Path) -> None:
    path = make(tmp_path).path
    store = store_of(path)
    labels = {"n" * 300 + end: end for end in "ab"}
    store.write({MAIN: edited(store, **labels)})
    assert store_of(path).read(MAIN).labels[8] == labels


def test_a_table_whose_name_is_as_long_as_can_be_is_saved(tmp_path: Path) -> None:
    path = make(tmp_path).path
    name = f"cluster_{'n' * 243}.tsv"
    (path / name).write_text("cluster_id\tnote\n0\ta\n")
    store = store_of(path)
    store.write({MAIN: edited(store, note="b")})
    assert "8\tb" in (path / name).read_text()
    assert (path / ORIGINALS / name).read_text().endswith("0\ta\n")


def test_labels_that_differ_in_large_letters_need_no_files_that_do(tmp_path: Path) -> None:
    path = make(tmp_path).path
    store = store_of(path)
    told = {"area": "CA1", "Area": "CA3", "KSLABEL": "x"}
    store.write({MAIN: edited(store, **told)})
    assert store_of(path).read(MAIN).labels[8] == told
    names = [name.lower() for name in os.listdir(path)]
    assert len(set(names)) == len(names)


def test_what_the_first_save_replaces_is_kept(tmp_path: Path) -> None:
    path = make(tmp_path).path
    store = store_of(path)
    assert store.unedited() is None
    before = store.read(MAIN)
    store.write({MAIN: edited(store)})
    store.write({MAIN: edited(store, note="later")})
    unedited = store_of(path).unedited()
    assert unedited is not None
    assert unedited.read(MAIN).equals(before)
    assert unedited.written_at() <= store.written_at()


def test_the_table_that_is_read_alone_does_not_mislead(tmp_path: Path) -> None:
    path = make(tmp_path).path
    (path / "cluster_info.tsv").write_text(
        "cluster_id\tch\tKSLabel\tgroup\tn_spikes\n0\t3\tmua\tnoise\t1\n1\t4\tgood\tgood\t2\n"
    )
    store = store_of(path)
    store.write({MAIN: edited(store)})
    lines = (path / "cluster_info.tsv").read_text().splitlines()
    rows = {line.split("\t")[0]: line.split("\t") for line in lines[1:]}
    clusters = store.read(MAIN).spike_clusters
    assert set(rows) == {"0", "2", "3", "4", "7", "8"}
    assert rows["0"] == ["0", "3", "", "unsorted", str(np.count_nonzero(clusters == 0))]
    assert rows["8"][3] == "good"


def test_a_stamp_tells_that_somebody_else_has_written(tmp_path: Path) -> None:
    path = make(tmp_path).path
    store = store_of(path)
    before = store.stamp()
    assert store.stamp() == before
    table(path, "note", "note", {0: "new"})
    assert store.stamp() != before


def test_shanks_share_one_array_and_get_other_ids(tmp_path: Path) -> None:
    path = make(tmp_path, n_shanks=2).path
    with Session.open(path) as session:
        for group in (0, 1):
            session.change_channel_group(group)
            session.merge(session.cluster_ids[:2])
        session.save()
    states = [store_of(path).read((group, "main")) for group in (0, 1)]
    ids = [set(np.unique(state.spike_clusters).tolist()) for state in states]
    assert not ids[0] & ids[1]
    assert max(ids[0]) == 8
    assert max(ids[1]) > 100_000


def test_a_copy_is_whole_and_finds_the_raw_data_where_it_was(tmp_path: Path) -> None:
    path = make(tmp_path).path
    store = store_of(path)
    state = edited(store)
    store.write({MAIN: state}, target=tmp_path / "copy")
    assert not (tmp_path / "copy" / "recording.dat").exists()
    shank = open_dataset(tmp_path / "copy").open()
    assert shank.traces is not None
    assert store_of(tmp_path / "copy").read(MAIN).equals(state)
    assert store_of(path).unedited() is None
    with pytest.raises(DatasetError, match="exists already"):
        store.write({MAIN: state}, target=tmp_path / "copy")


def test_a_save_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(tmp_path).path
    store = store_of(path)
    before = store.read(MAIN)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DatasetError, match="could not be saved"):
        store.write({MAIN: edited(store)})
    monkeypatch.undo()
    assert store_of(path).read(MAIN).equals(before)

    def refuse() -> None:
        raise DatasetError("not now")

    with pytest.raises(DatasetError, match="not now"):
        store.write({MAIN: edited(store)}, ready=refuse)
    assert store_of(path).read(MAIN).equals(before)
    assert not [each for each in path.iterdir() if each.name.startswith(".")]


def test_a_save_whose_files_cannot_be_put_in_place_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(tmp_path).path
    store = store_of(path)
    after = edited(store)
    replace = os.replace

    def fails(source: Any, target: Any, **options: Any) -> None:
        if Path(target).name == "spike_clusters.npy":
            raise OSError(5, "Input/output error")
        replace(source, target, **options)

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", fails)
        with pytest.raises(DatasetError, match=r"was saved, but .*Input/output error"):
            store.write({MAIN: after})
        assert store.read(MAIN).equals(after)
    assert store_of(path).read(MAIN).equals(after)
    assert not pending(path)


def test_a_record_that_cannot_be_removed_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has failed came after it was there, and it could not be taken back."""
    path = make(tmp_path).path
    store = store_of(path)
    after = edited(store)
    write, unlink = transaction.write_whole, Path.unlink

    def fails(goal: Path, data: bytes) -> None:
        write(goal, data)
        raise OSError(5, "Input/output error")

    def stays(self: Path, missing_ok: bool = False) -> None:
        if self.name.startswith(".phygui-save"):
            raise OSError(5, "Input/output error")
        unlink(self, missing_ok=missing_ok)

    with monkeypatch.context() as patched:
        patched.setattr(transaction, "write_whole", fails)
        patched.setattr(Path, "unlink", stays)
        with pytest.raises(DatasetError, match="was saved, but"):
            store.write({MAIN: after})
    assert store_of(path).read(MAIN).equals(after)


CALLS = ("replace", "rename", "unlink", "fsync", "mkdir", "open", "chmod")


def _killed_at(n: int, work: Callable[[], object]) -> bool:
    """Do something in a process that dies at its nth system call; whether it got to the end."""
    child = os.fork()
    if child == 0:
        count = 0

        def counted(call: Callable[..., Any]) -> Callable[..., Any]:
            def called(*arguments: Any, **options: Any) -> Any:
                nonlocal count
                count += 1
                if count > n:
                    os._exit(9)
                return call(*arguments, **options)

            return called

        for name in CALLS:
            setattr(os, name, counted(getattr(os, name)))
        try:
            work()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize("step", [6, pytest.param(1, marks=pytest.mark.slow)])
def test_a_save_killed_at_any_call_is_old_or_new_as_a_whole(tmp_path: Path, step: int) -> None:
    made = make(tmp_path / "first").path
    (made / "recording.dat").unlink()
    seen = set()
    for n in range(0, 400, step):
        path = tmp_path / str(n)
        shutil.copytree(made, path)
        store = store_of(path)
        before, after = store.read(MAIN), edited(store, note="new")
        is_done = _killed_at(n, lambda store=store, after=after: store.write({MAIN: after}))
        counts = bool(pending(path))
        found = store_of(path)
        state = found.read(MAIN)
        assert state.equals(before) or state.equals(after), n
        assert state.equals(after) or not counts, "what counts is finished by the next opening"
        assert not pending(path)
        # And it can be saved again.
        found.write({MAIN: after})
        assert store_of(path).read(MAIN).equals(after)
        assert store_of(path).unedited().read(MAIN).equals(before)  # type: ignore[union-attr]
        seen.add((state.equals(after), counts))
        shutil.rmtree(path)
        if is_done:
            break
    assert is_done
    assert seen == {(False, False), (True, True), (True, False)} if step == 1 else len(seen) > 1


class _Killed(BaseException):
    pass


@pytest.mark.parametrize("call", ["replace", "unlink"])
@pytest.mark.parametrize("counts", [False, True])
def test_who_finishes_a_save_late_does_not_touch_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, counts: bool
) -> None:
    """Another program opens the folder, and is held up while this one saves again."""
    path = make(tmp_path).path
    store = store_of(path)
    first, second = edited(store), store.read(MAIN)
    finish, real = transaction.finish, getattr(os, call)
    is_late = True

    def die(*_: object) -> None:
        raise _Killed

    def killed(state: ClusteringState, ready: Callable[[], object]) -> None:
        """A save that ends with its record at the latest."""
        with monkeypatch.context() as patched:
            patched.setattr(transaction, "finish", die)
            with pytest.raises(_Killed):
                store.write({MAIN: state}, ready=ready)  # type: ignore[arg-type]

    def late(*arguments: Any, **options: Any) -> None:
        nonlocal is_late

        def go_on() -> None:
            with contextlib.suppress(FileNotFoundError):
                real(*arguments, **options)
            if not counts:
                die()

        name = Path(arguments[0]).name
        if is_late and name.startswith((".spike_clusters.npy", ".phygui-save")):
            is_late = False
            finish(path)
            killed(second, go_on)
        real(*arguments, **options)

    killed(first, lambda: None)
    with monkeypatch.context() as patched:
        patched.setattr(os, call, late)
        finish(path)
    assert not is_late
    assert store_of(path).read(MAIN).equals(second if counts else first)


def test_a_save_that_counts_is_read_also_where_nothing_may_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(tmp_path).path
    store = store_of(path)
    after = edited(store)
    # As a save leaves it that was killed after its record was written.
    (path / f".phygui-save{SAVE}.json").write_text('["spike_clusters.npy"]')
    with open(staged_path(path, "spike_clusters.npy", SAVE), "wb") as file:
        np.save(file, after.spike_clusters)

    def refuse(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", refuse)
        found = store_of(path).read(MAIN)
    np.testing.assert_array_equal(found.spike_clusters, after.spike_clusters)


@pytest.mark.parametrize("text", ["[", "{}", '["../x"]', '["params.py"]', "[3]"])
def test_a_record_of_a_save_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    path = make(tmp_path).path
    (path / f".phygui-save{SAVE}.json").write_text(text)
    with pytest.raises(DatasetError, match="phygui-save"):
        open_dataset(path)


def test_groups_notes_and_colours_of_the_user_are_read_again(tmp_path: Path) -> None:
    path = make(tmp_path, "spikeinterface").path
    told = {"note": 'two\nlines, a "quote"\tand a tab', "color": "#12ab34"}
    with Session.open(path) as session:
        session.add_group("interneuron")
        session.move([1], "interneuron")
        for key, value in told.items():
            session.label([1], key, value)
        session.save()
    assert (path / "cluster_group.tsv").read_text().count("interneuron") == 1
    with Session.open(path, journal=False) as session:
        assert session.group_of(1) == "interneuron"
        assert {k: session.labels_of(1)[k] for k in told} == told

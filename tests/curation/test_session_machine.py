"""Sessions against plain lists: edits, saves, crashes and recoveries in every order."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from phygui import open_dataset
from phygui.curation.session import Session
from phygui.formats.kwik.model import KwikModel
from phygui.simulate import make_demo
from tests.curation.conftest import crash
from tests.curation.oracle import Oracle

GROUPS = {0: "noise", 1: "mua", 2: "good", 3: "unsorted"}


@pytest.fixture(scope="module")
def two_shanks(tmp_path_factory) -> Path:
    """A tiny dataset with two channel groups, one of them with two clusterings to edit."""
    folder = tmp_path_factory.mktemp("machine")
    demo = make_demo(
        folder, n_spikes=80, n_channels=4, n_clusters=8, n_channel_groups=2, duration=4.0, raw=None
    )
    KwikModel(demo.kwik_path).copy_clustering("main", "mine")
    return demo.kwik_path


class Machine(RuleBasedStateMachine):
    """Does the same to a session and to oracles."""

    source: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="machine"))
        self.path = self.folder / self.source.name
        shutil.copyfile(self.source, self.path)
        self.n_ignored = 0
        self.oracles: dict[tuple[int, str], Oracle] = {}
        self.open()

    def open(self, recover: bool | None = None) -> None:
        where = {}
        if hasattr(self, "session"):
            where = {"channel_group": self.oracle_key[0], "clustering": self.oracle_key[1]}
        self.session = Session.open(self.path, recover=recover, **where)
        self.announced: list = []
        self.session.clustered.connect(self.announced.append)

    @property
    def oracle_key(self) -> tuple[int, str]:
        return self.session.channel_group, self.session.clustering

    @property
    def oracle(self) -> Oracle:
        key = self.oracle_key
        if key not in self.oracles:
            model = KwikModel(self.path, *key)
            self.oracles[key] = Oracle(
                model.spike_clusters.tolist(), model.cluster_groups, model.largest_cluster_id
            )
        return self.oracles[key]

    def chosen(self, data, n: int) -> list[int]:
        living = sorted(set(self.oracle.clusters))
        return data.draw(
            st.lists(st.sampled_from(living), min_size=min(n, len(living)), max_size=4, unique=True)
        )

    @property
    def selection(self) -> tuple:
        return self.session.selection.best, self.session.selection.match

    # -- edits -----------------------------------------------------------------------------

    @rule(data=st.data())
    def select(self, data) -> None:
        ids = self.chosen(data, 1)
        self.session.select(ids[:1], ids[1:])

    @rule(data=st.data())
    def merge(self, data) -> None:
        ids = self.chosen(data, 2)
        if len(ids) < 2:
            return
        before = self.selection
        self.session.merge(ids)
        self.oracle.merge(ids)
        self.oracle.done(before, self.selection)

    @rule(data=st.data())
    def split(self, data) -> None:
        n = len(self.oracle.clusters)
        spikes = data.draw(st.sets(st.integers(0, n - 1), min_size=1, max_size=30))
        before = self.selection
        if self.session.split(np.array(sorted(spikes))).is_empty:
            cluster_id = self.oracle.clusters[min(spikes)]
            assert spikes == {s for s, c in enumerate(self.oracle.clusters) if c == cluster_id}
            return
        self.oracle.split(sorted(spikes))
        self.oracle.done(before, self.selection)

    @rule(data=st.data(), group=st.sampled_from(list(GROUPS)))
    def move(self, data, group: int) -> None:
        ids = self.chosen(data, 1)
        before = self.selection
        if self.session.move(ids, group).is_empty:
            assert all(self.oracle.groups.get(c) == group for c in ids)
            return
        self.oracle.groups |= dict.fromkeys(ids, group)
        self.oracle.done(before, self.selection)

    @rule(data=st.data(), key=st.sampled_from("abc"), value=st.none() | st.text(max_size=3))
    def label(self, data, key: str, value: str | None) -> None:
        ids = self.chosen(data, 1)
        before = self.selection
        labels = self.oracle.labels
        if self.session.label(ids, key, value).is_empty:
            assert all(labels.get(c, {}).get(key) == value for c in ids)
            return
        for c in ids:
            of = {k: v for k, v in labels.get(c, {}).items() if k != key}
            labels[c] = of if value is None else of | {key: value}
        self.oracle.done(before, self.selection)

    @rule()
    def undo(self) -> None:
        if self.oracle.position == 0:
            assert not self.session.can_undo
            return
        self.session.undo()
        self.oracle.undo()

    @rule()
    def redo(self) -> None:
        if self.oracle.position == len(self.oracle.states) - 1:
            assert not self.session.can_redo
            return
        self.session.redo()
        self.oracle.redo()

    # -- files -----------------------------------------------------------------------------

    @rule()
    def save(self) -> None:
        modified = [k for k, c in self.session.workspace.curations.items() if c.history.is_modified]
        self.session.save()
        for key in modified:
            self.oracles[key].saved = self.oracles[key].state()
            self.oracles[key].n_steps = 0
        self.same_file()

    @rule(where=st.sampled_from([(0, "main"), (0, "mine"), (1, "main")]))
    def switch(self, where: tuple[int, str]) -> None:
        self.session.switch(*where)

    @rule()
    def crash_and_recover(self) -> None:
        crash(self.session)
        self.open(recover=True)
        self.recovered()

    @rule()
    def crash_and_decline(self) -> None:
        crash(self.session)
        self.open(recover=False)
        self.forget()

    @rule(data=st.data())
    def crash_and_ignore(self, data) -> None:
        crash(self.session)
        self.open()
        self.forget()
        self.n_ignored += 1
        self.label(data, "d", str(self.n_ignored))

    @rule()
    def close_and_recover(self) -> None:
        modified = self.session.is_modified
        self.session.close()
        self.open(recover=True)
        if modified:
            self.recovered()
        else:
            self.forget()

    @rule()
    def discard(self) -> None:
        self.session.close(discard=True)
        self.open()
        self.forget()

    @precondition(lambda self: len(self.session.backups()) > 0)
    @rule(data=st.data())
    def restore(self, data) -> None:
        backup = data.draw(st.sampled_from(self.session.backups()))
        if self.oracle_key not in backup.tallies:
            return
        before = self.selection
        state = self.session.state(backup)
        if self.session.restore(backup).is_empty:
            return
        self.oracle.clusters = state.spike_clusters.tolist()
        for c, group in state.cluster_groups.items():
            self.oracle.groups[c] = group
            self.oracle.labels[c] = dict(state.labels.get(c, {}))
        self.oracle.done(before, self.selection)

    def recovered(self) -> None:
        """Everything is as before, if there was anything to bring back."""
        if not any(oracle.n_steps for oracle in self.oracles.values()):
            self.forget()
            return
        for key, oracle in self.oracles.items():
            if key in self.session.workspace.curations and oracle.n_steps:
                selection = self.session.workspace.curations[key].selection
                assert (selection.best, selection.match) == oracle.selection

    def forget(self) -> None:
        for oracle in self.oracles.values():
            oracle.forget()

    def same_file(self) -> None:
        for key, oracle in self.oracles.items():
            state = open_dataset(self.path).clusterings.read(key)
            found = state.spike_clusters.tolist(), state.cluster_groups, state.labels
            assert found == oracle.saved

    # -- what always holds -----------------------------------------------------------------

    @invariant()
    def same(self) -> None:
        session, oracle = self.session, self.oracle
        clusters, groups, labels = oracle.state()
        assert session.spike_clusters.tolist() == clusters
        assert session.cluster_groups == {c: GROUPS[g] for c, g in groups.items()}
        assert {c: dict(session.labels_of(c)) for c in groups if session.labels_of(c)} == labels
        assert session.history_position == oracle.position
        assert len(session.history) == len(oracle.states) - 1
        assert session.workspace.active.clustering.next_id == oracle.largest + 1

    def teardown(self) -> None:
        self.session.close()
        self.same_file()
        shutil.rmtree(self.folder)


def test_session_against_plain_lists(two_shanks):
    """Short by default; ``make torture`` asks for thousands of steps."""

    class Here(Machine):
        source = two_shanks

    long = bool(os.environ.get("PHYGUI_TORTURE"))
    Here.TestCase.settings = settings(
        max_examples=150 if long else 12,
        stateful_step_count=60 if long else 30,
        deadline=None,
        # A failing sequence is printed as it is: to shorten it takes minutes of files and flushes.
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    case = Here.TestCase("runTest")
    case.runTest()

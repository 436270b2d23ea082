"""Jumping to any point of the history, and the tallies of the groups there."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import wait
from pathlib import Path

import numpy as np
import pytest

from phygui import Session
from phygui.curation.durability.edit_journal import Keeper
from phygui.curation.edits.update import EditError, Update
from phygui.dataset import open_dataset
from phygui.errors import DatasetError
from phygui.storage.state.disk import Disk
from tests.curation.conftest import whole_state


def edit_a_little(session: Session) -> list[tuple]:
    """Five edits of all kinds; what the clustering is like before and after each."""
    a, b, c, d = session.cluster_ids[:4].tolist()
    edits = [
        lambda: session.move([a, b], "good"),
        lambda: session.merge([a, c]),
        lambda: session.split(session.spikes_per_cluster[b][:7]),
        lambda: session.label([d], "note", "odd"),
        lambda: session.move([d], "noise"),
    ]
    states = [state(session)]
    for make in edits:
        make()
        states.append(state(session))
    return states


def state(session: Session) -> tuple:
    return (
        session.spike_clusters.tolist(),
        session.cluster_groups,
        [dict(session.labels_of(c)) for c in session.cluster_ids.tolist()],
        session.selection,
    )


def tally(session: Session) -> Counter:
    return Counter(session.cluster_groups.values())


def test_jump_goes_to_every_point_and_back(session: Session) -> None:
    states = edit_a_little(session)
    for position in (0, 5, 2, 3, 1, 4, 4, 0):
        session.jump_to(position)
        assert session.history_position == position
        assert state(session)[:3] == states[position][:3]
    for position in (-1, 6):
        with pytest.raises(EditError, match="5 edits"):
            session.jump_to(position)


def test_the_tally_at_each_point_is_that_of_the_groups_then(session: Session) -> None:
    edit_a_little(session)
    for position in (5, 0, 3, 1, 4, 2):
        session.jump_to(position)
        names = session.group_names
        told = {names[g]: n for g, n in session.tally_at(position).items()}
        assert told == dict(tally(session))


def test_a_jump_is_journaled_step_by_step_and_recovered(small: Path, crashed) -> None:
    session = Session.open(small)
    edit_a_little(session)
    session.jump_to(2)
    expected, history = state(session), session.history
    tallies = [dict(session.tally_at(p)) for p in range(6)]
    crashed(session)
    with Session.open(small, recover=True) as again:
        assert state(again) == expected
        assert again.history_position == 2
        assert [u.description for u in again.history] == [u.description for u in history]
        assert [dict(again.tally_at(p)) for p in range(6)] == tallies
        assert all(u.time is not None for u in again.history)
        again.jump_to(5)
        assert dict(again.tally_at(5)) == tallies[5]


def test_what_was_before_edits_that_the_file_holds_is_not_invented(small: Path, crashed) -> None:
    session = Session.open(small)
    edit_a_little(session)
    session.save()
    session.move(session.cluster_ids[:1].tolist(), "mua")
    crashed(session)
    with Session.open(small, recover=True) as again:
        assert again.history_position == 6
        assert not again.tally_at(0)
        assert sum(again.tally_at(6).values()) == len(again.cluster_ids)
        assert again.saved_position == 5


@pytest.mark.parametrize("seed", range(8))
def test_a_jump_is_the_same_as_its_steps_and_is_announced_once(small: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    with Session.open(small) as session:
        make_random_edits(session, rng, 25)
        n = len(session.history)
        for position in rng.integers(0, n + 1, 8).tolist():
            start = session.history_position
            told: list[Update] = []
            chosen: list[tuple] = []
            session.clustered.connect(told.append)
            session.selection_changed.connect(chosen.append)
            living = dict(session.spikes_per_cluster)
            groups, labels = session.cluster_groups, all_labels(session)
            session.jump_to(position)
            jumped = whole_state(session)
            session.clustered.disconnect(told.append)
            session.selection_changed.disconnect(chosen.append)
            assert len(told) == len(chosen) == (position != start)
            if told:
                update = told[0]
                assert set(update.deleted) <= set(living)
                now = dict(session.spikes_per_cluster)
                untouched = set(now) - set(update.added)
                assert untouched == set(living) - set(update.deleted)
                assert all(now[c].base is living[c].base for c in untouched)
                # Whatever rows a table keeps, they say what they said.
                kept = untouched - set(update.changed)
                assert all(session.cluster_groups[c] == groups[c] for c in kept)
                assert all(all_labels(session)[c] == labels[c] for c in kept)
            session.jump_to(start)
            while session.history_position > position:
                session.undo()
            while session.history_position < position:
                session.redo()
            # A jump of no step selects nothing anew.
            assert whole_state(session)[:3] == jumped[:3]
            assert whole_state(session)[4:] == jumped[4:]
            assert session.selection == jumped[3] or abs(position - start) == 0
            tallied = {session.group_names[g]: n for g, n in session.tally_at(position).items()}
            assert tallied == dict(tally(session))


def make_random_edits(session: Session, rng: np.random.Generator, n: int) -> None:
    """Merges, splits, moves, labels, a few undone before others are made."""
    for _ in range(n):
        ids = session.cluster_ids.tolist()
        some = rng.choice(ids, min(2, len(ids)), replace=False).tolist()
        kind = int(rng.integers(6))
        if kind == 0 and len(some) > 1:
            session.merge(some)
        elif kind == 1:
            spikes = np.concatenate([session.spikes_per_cluster[c] for c in some])
            session.split(rng.choice(spikes, max(1, len(spikes) // 3), replace=False))
        elif kind == 2:
            session.move(some, str(rng.choice(["good", "mua", "noise"])))
        elif kind == 3:
            session.label(some, "note", None if rng.random() < 0.4 else str(rng.integers(3)))
        elif kind == 4 and session.can_undo:
            session.undo()
        else:
            session.select(some)


def all_labels(session: Session) -> dict[int, dict[str, str]]:
    return {c: dict(session.labels_of(c)) for c in session.cluster_ids.tolist()}


def test_a_jump_that_reaches_the_disk_in_part_has_been_made_so_far(small: Path, crashed) -> None:
    disk = FullDisk()
    session = Session(open_dataset(small), keeper=Keeper(small, disk=disk))
    states = edit_a_little(session)
    disk.n_left = 2
    # One write for each step, as on a slow disk.
    record = session.journal.keeper.record

    def record_and_wait(*of):
        wait([note := record(*of)])
        return note

    session.journal.keeper.record = record_and_wait
    announced: list[Update] = []
    session.clustered.connect(announced.append)
    failures: list[str] = []
    session.failed.connect(failures.append)
    with pytest.raises(DatasetError, match="No space"):
        session.jump_to(0)
    position = session.history_position
    assert position == 3
    assert len(failures) == 1
    assert not announced
    assert state(session)[:3] == states[position][:3]
    disk.n_left = 1000
    session.move(session.cluster_ids[:1].tolist(), "mua")
    expected = whole_state(session)
    crashed(session)
    with Session.open(small, recover=True) as again:
        assert whole_state(again)[:3] == expected[:3]
        assert again.history_position == position + 1


class FullDisk(Disk):
    """A disk that has no room after some more bytes."""

    n_left = 1 << 30

    def write_at(self, fd, data, offset):
        self.n_left -= 1
        if self.n_left < 0:
            raise OSError(28, "No space left on device")
        return super().write_at(fd, data, offset)

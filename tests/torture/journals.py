"""Journals that are damaged while nobody has them open, or meddled with while somebody has."""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from phygui.curation.session import Session
from phygui.errors import DatasetError
from phygui.storage.state.journal import NAME, read_journal
from phygui.storage.state.records import MARK, Record, encode
from tests.curation.conftest import crash

N_EDITS = 12
STEPS = frozenset({"edit", "undo", "redo"})

State = tuple[list[int], dict[int, str], int]


def state_of(session: Session) -> State:
    """What the edits have come to."""
    return session.spike_clusters.tolist(), session.cluster_groups, session.history_position


def edit(session: Session, rng: random.Random) -> None:
    """One random edit, undo or redo."""
    ids = session.cluster_ids.tolist()
    kind = rng.choice(("merge", "split", "move", "label", "undo", "redo"))
    cluster_id = rng.choice(ids)
    spikes = session.spikes_per_cluster[cluster_id]
    if kind == "undo" and session.can_undo:
        session.undo()
    elif kind == "redo" and session.can_redo:
        session.redo()
    elif kind == "merge" and len(ids) > 4:
        session.merge(rng.sample(ids, 2))
    elif kind == "split" and len(spikes) > 3:
        session.split(spikes[::2])
    elif kind == "move":
        session.move([cluster_id], "good" if session.group_of(cluster_id) != "good" else "noise")
    else:
        session.label([cluster_id], "note", str(rng.random()))


# -- damage ------------------------------------------------------------------------------------


def flip(data: bytes, rng: random.Random) -> bytes:
    """Turn one bit over."""
    found = bytearray(data)
    found[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(found)


def cut(data: bytes, rng: random.Random) -> bytes:
    """Keep only the beginning."""
    return data[: rng.randrange(1, len(data))]


def blank(data: bytes, rng: random.Random) -> bytes:
    """Replace a part by zeros."""
    start = rng.randrange(len(data))
    stop = rng.randrange(start, len(data)) + 1
    return data[:start] + bytes(stop - start) + data[stop:]


def lengthen(data: bytes, rng: random.Random) -> bytes:
    """Add zeros, as after a power cut."""
    return data + bytes(rng.randrange(1, 5000))


def newer(data: bytes, rng: random.Random) -> bytes:
    """Let a newer version have written the records from one of them on."""
    starts = [n for n in range(len(data)) if data.startswith(MARK, n)]
    found = bytearray(data)
    for start in starts[rng.randrange(len(starts)) :]:
        found[start + 4] = 2
    return bytes(found)


def unknown(data: bytes, rng: random.Random) -> bytes:
    """Add a record of a kind that this version does not know."""
    return data + encode(Record({"op": "fold", "of": [0, "main"]}))


DAMAGES = (flip, cut, blank, lengthen, newer, unknown)


class Damages:
    """Damages the journal of a session that has died, and recovers from it.

    Parameters
    ----------
    source : Path
        A ``.kwik`` file; copied.
    folder : Path
        Where to work.
    """

    def __init__(self, source: Path, folder: Path) -> None:
        self.folder = folder / "journals"
        self.path = self.folder / source.name
        self.journal = self.path.with_suffix(".phygui") / NAME
        self.source = source
        self.counts: Counter[str] = Counter()

    def run(self, n_times: int, seed: int) -> None:
        """Each kind of damage so many times."""
        for number in range(n_times):
            rng = random.Random(f"{seed} {number}")
            states, whole = self._session(rng)
            for damage in DAMAGES:
                self._recover(states, whole, damage, rng)

    def _session(self, rng: random.Random) -> tuple[list[State], bytes]:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        shutil.copyfile(self.source, self.path)
        session = Session.open(self.path)
        states = [state_of(session)]
        while len(states) <= N_EDITS:
            edit(session, rng)
            states.append(state_of(session))
        crash(session)
        return states, self.journal.read_bytes()

    def _recover(
        self,
        states: list[State],
        whole: bytes,
        damage: Callable[[bytes, random.Random], bytes],
        rng: random.Random,
    ) -> None:
        data = damage(whole, rng)
        for path in self.journal.parent.iterdir():
            path.unlink()
        self.journal.write_bytes(data)
        n_steps = sum(r.text["op"] in STEPS for r in read_journal(self.journal).records)
        case = f"{damage.__name__}: {n_steps} of {N_EDITS} edits are whole"
        with Session.open(self.path, read_only=True) as session:
            problem = session.recovery_problem
        name = f"{damage.__doc__}"[:-1].lower()
        if not problem:
            # A journal that ends after a record is as it was before the next edit.
            assert damage is cut or data == whole, case
            name += ": between two records, which is not seen"
        elif "could not be read" in problem:
            lost = N_EDITS - n_steps
            is_told = f"{lost} edit" in problem or "at least" in problem or "not known" in problem
            self.counts["edits lost: told to the edit"] += f" {lost} edit" in problem
            self.counts["edits lost: told as at least so many, or not known"] += (
                f" {lost} edit" not in problem or "at least" in problem
            )
            assert is_told or damage in (flip, unknown), f"{case}: {problem}"
        self.counts[f"{name}"] += 1
        before = set(self.journal.parent.iterdir())
        session = Session.open(self.path, recover=True)
        assert state_of(session) == states[min(n_steps, N_EDITS)], case
        edit(session, rng)
        expected = state_of(session)
        crash(session)
        kept = [path.read_bytes() for path in set(self.journal.parent.iterdir()) - before]
        assert not problem or data in kept, f"{case}: the bytes are not kept aside"
        with Session.open(self.path, recover=True) as session:
            assert state_of(session) == expected, case
            assert not session.recovery_problem, case


# -- meddling ----------------------------------------------------------------------------------


def _replace(path: Path, data: bytes) -> None:
    path.with_name("other").write_bytes(data)
    os.replace(path.with_name("other"), path)


MEDDLING: dict[str, Callable[[Path, random.Random], object]] = {
    "cut": lambda path, rng: os.truncate(path, rng.randrange(path.stat().st_size)),
    "grown": lambda path, rng: path.write_bytes(path.read_bytes() + b"x" * rng.randrange(1, 99)),
    "moved": lambda path, rng: path.rename(path.with_name("elsewhere")),
    "removed": lambda path, rng: path.unlink(),
    "replaced by another": lambda path, rng: _replace(path, rng.randbytes(200)),
    "replaced by an older one": lambda path, rng: _replace(
        path, path.read_bytes()[: read_journal(path).ends[0]]
    ),
    "replaced by its like": lambda path, rng: _replace(path, path.read_bytes()),
}


class Meddling:
    """Meddles with the journal of a session that goes on; as :class:`Damages`."""

    def __init__(self, source: Path, folder: Path) -> None:
        self.folder = folder / "meddling"
        self.path = self.folder / source.name
        self.journal = self.path.with_suffix(".phygui") / NAME
        self.source = source
        self.counts: Counter[str] = Counter()

    def run(self, n_times: int, seed: int) -> None:
        """Each kind of meddling so many times, in sessions that are each killed and recovered."""
        for number in range(n_times):
            rng = random.Random(f"{seed} meddling {number}")
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
            shutil.copyfile(self.source, self.path)
            session = Session.open(self.path)
            for name in rng.sample(list(MEDDLING), len(MEDDLING)):
                for _ in range(rng.randrange(1, 4)):
                    edit(session, rng)
                if rng.random() < 0.3:
                    session.save()
                self._meddle(session, name, rng)
            edit(session, rng)
            clusters, groups, _ = state_of(session)
            crash(session)
            with Session.open(self.path, recover=True) as again:
                assert state_of(again)[:2] == (clusters, groups), f"session {number}"
                assert not again.recovery_problem
            self.counts["sessions recovered with every edit that was answered"] += 1

    def _meddle(self, session: Session, name: str, rng: random.Random) -> None:
        # What is on its way after a save is not to be told from what is done here.
        _settle(session)
        MEDDLING[name](self.journal, rng)
        before, problem = state_of(session), ""
        try:
            session.label([session.cluster_ids.tolist()[0]], "note", str(rng.random()))
        except DatasetError as error:
            problem = str(error)
        assert "while it was in use" in problem, f"{name}: {problem}"
        assert "undone" in problem, problem
        assert state_of(session) == before, name
        self.counts[f"{name}: the next edit fails, and all is written anew"] += 1


def _settle(session: Session) -> None:
    """Wait until the journal has written all that it was told."""
    journal = session.journal.keeper._journal
    assert journal is not None
    journal.append(Record({"op": "saved", "keys": [], "time": ""}), optional=True).result(30)

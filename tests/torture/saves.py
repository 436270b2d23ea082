"""Death and failure at every system call of a save and of an edit."""

from __future__ import annotations

import errno
import os
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from phygui import open_dataset
from phygui.curation.session import Session
from phygui.dataset import ClusteringState
from phygui.errors import DatasetError
from tests.torture import faults
from tests.torture.children import run

KEY = (0, "main")


@dataclass(frozen=True)
class Fault:
    """What happens at which calls."""

    name: str
    how: int
    kinds: int
    error: int = 0


KILLS = (
    Fault("killed before a call", faults.KILL_BEFORE, faults.ALL),
    Fault("killed after a call", faults.KILL_AFTER, faults.CHANGES),
)
FAULTS = (
    Fault("disk full at a call", faults.FAIL, faults.CHANGES, errno.ENOSPC),
    Fault("disk full from a call on", faults.FAIL_FROM, faults.CHANGES, errno.ENOSPC),
    Fault("short write, then disk full", faults.SHORT_WRITE, faults.WRITE, errno.ENOSPC),
    Fault("failed flush", faults.FAIL, faults.SYNC, errno.EIO),
    Fault("failed rename", faults.FAIL, faults.RENAME | faults.LINK, errno.EACCES),
    Fault("input/output error", faults.FAIL, faults.ALL, errno.EIO),
    Fault("drive gone from a call on", faults.FAIL_FROM, faults.ALL, errno.EIO),
)


def edit(session: Session) -> None:
    """A merge, a move and a label."""
    session.merge(session.cluster_ids[1:3])
    session.move(session.cluster_ids[2:4], "good")
    session.label(session.cluster_ids[2:3], "depth", "800")


class Saves:
    """Runs the cases of one dataset, each in a fresh folder.

    Parameters
    ----------
    source : Path
        A ``.kwik`` file, or the folder of another format; copied.
    folder : Path
        Where to work.
    """

    def __init__(self, source: Path, folder: Path) -> None:
        self.source = source
        self.folder = folder / "dataset"
        self.path = self.folder / source.name
        self.counts: Counter[str] = Counter()
        self.old, self.new = self._states()

    def run(self, every: int = 1) -> None:
        """All kills and faults, in a save and in an edit; or every so many of them."""
        for action in (self._save, self._edit_again):
            word = "save" if action == self._save else "edit"
            for fault in KILLS:
                for when in self._places(action, fault, every):
                    self._killed(action, word, fault, when)
            for fault in FAULTS:
                for when in self._places(action, fault, every):
                    self._failed(action, word, fault, when)

    # -- the cases -------------------------------------------------------------------------

    def _killed(
        self, action: Callable[[Session], None], word: str, fault: Fault, when: int
    ) -> None:
        self._fresh()

        def work(pipe: int) -> None:
            session = Session.open(self.path, recover=False)
            edit(session)
            session.clustered.connect(lambda update: os.write(pipe, b"a"))
            armed = faults.Faults()
            with armed.armed(self.folder, fault.how, when, fault.error, fault.kinds):
                action(session)

        end = run(work)
        assert end.by in (0, signal.SIGKILL), f"{fault.name} {when}: signal {end.by}"
        if end.by == 0:
            return  # fewer calls this time: threads interleave differently
        self.counts[f"{word}: {fault.name}"] += 1
        case = f"{word}, {fault.name} {when}"
        found = self._in_file()
        assert found.equals(self.old) or found.equals(self.new), f"{case}: neither old nor new"
        assert word == "save" or found.equals(self.old), case
        unedited = open_dataset(self.path).clusterings.unedited()
        kept = None if unedited is None else unedited.read(KEY)
        assert kept is None or kept.equals(self.old), f"{case}: what was before is damaged"
        with Session.open(self.path, recover=True) as session:
            states = [session.state()]
            if word == "edit" and session.can_undo:
                # The edit may have reached the disk without being announced.
                last = session.history[session.history_position - 1].description
                assert end.said in (b"", b"a")
                assert end.said == b"" or "noise" in last, case
                if "noise" in last:
                    session.undo()
                    states = [session.state()]
            assert states[0].equals(self.new), f"{case}: edits are lost"
            assert session.is_modified == found.equals(self.old), case
            session.save()
        assert self._in_file().equals(self.new), case

    def _failed(
        self, action: Callable[[Session], None], word: str, fault: Fault, when: int
    ) -> None:
        self._fresh()
        case = f"{word}, {fault.name} {when}"

        def work(pipe: int) -> None:
            session = Session.open(self.path, recover=False)
            edit(session)
            armed = faults.Faults()
            problem = None
            before, n_unsaved = session.state(), session.n_unsaved
            before = session.workspace.active.state()
            with armed.armed(self.folder, fault.how, when, fault.error, fault.kinds):
                try:
                    action(session)
                except DatasetError as error:
                    problem = error
            if not armed.fired:
                return
            os.write(pipe, b"!")
            now = session.workspace.active.state()
            if word == "save":
                found = self._in_file()
                assert now.equals(before), f"{case}: a save changed what is in memory"
                assert session.is_modified == (problem is not None), case
                replaced = problem is None or "was saved, but" in str(problem)
                expected = self.new if replaced else self.old
                assert found.equals(expected), f"{case}: {problem}"
            elif problem is not None:
                assert now.equals(before), f"{case}: not taken back"
                assert session.n_unsaved == n_unsaved, case
            if problem is not None:
                text = str(problem)
                assert text.count(". ") == 0, f"{case}: more than a sentence: {text}"
                action(session)
            session.save()
            assert self._in_file().equals(session.state()), f"{case}: the second try"
            session.close()

        end = run(work)
        assert end.by == 0, f"{case}: ended by signal {end.by}"
        if end.said:
            self.counts[f"{word}: {fault.name}"] += 1
        with Session.open(self.path, recover=True) as session:
            assert not session.is_modified or not end.said, case

    # -- helpers ---------------------------------------------------------------------------

    def _places(self, action: Callable[[Session], None], fault: Fault, every: int) -> Iterator[int]:
        """Numbers of the calls at which something may happen."""
        self._fresh()

        def work(pipe: int) -> None:
            session = Session.open(self.path, recover=False)
            edit(session)
            armed = faults.Faults()
            with armed.armed(self.folder, faults.COUNT, kinds=fault.kinds):
                action(session)
            os.write(pipe, str(armed.n_calls).encode())
            session.close()

        n_calls = int(run(work).text)
        return iter(range(1, n_calls + 1, every))

    def _save(self, session: Session) -> None:
        session.save()

    def _edit_again(self, session: Session) -> None:
        session.move(session.cluster_ids[:2], "noise")

    def _fresh(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        if self.source.is_dir():
            shutil.copytree(self.source, self.path)
        else:
            shutil.copyfile(self.source, self.path)

    def _in_file(self) -> ClusteringState:
        return open_dataset(self.path).clusterings.read(KEY)

    def _states(self) -> tuple[ClusteringState, ClusteringState]:
        self._fresh()
        states: list[ClusteringState] = []
        with Session.open(self.path, journal=False) as session:
            states.append(session.workspace.active.state())
            edit(session)
            states.append(session.workspace.active.state())
        return states[0], states[1]

"""Death and failure at every system call of the first edit, which puts the last journal aside."""

from __future__ import annotations

import os
import shutil
import signal
from collections import Counter
from pathlib import Path

from phygui.curation.session import Session
from phygui.errors import DatasetError
from tests.curation.conftest import crash
from tests.torture import faults
from tests.torture.children import run
from tests.torture.saves import FAULTS, KILLS, Fault


class FirstEdits:
    """Runs the cases on a dataset that an earlier session has saved.

    Parameters
    ----------
    source : Path
        A ``.kwik`` file; copied.
    folder : Path
        Where to work.
    """

    def __init__(self, source: Path, folder: Path) -> None:
        self.prepared = folder / "prepared"
        self.folder = folder / "dataset"
        self.path = self.folder / source.name
        self.counts: Counter[str] = Counter()
        self._prepare(source)

    def run(self, every: int = 1) -> None:
        """All kills and faults, or every so many of them."""
        for unsaved in (False, True):
            word = "of edits that were not brought back" if unsaved else "of saved edits"
            for fault in (*KILLS, *FAULTS):
                when = 0
                while self._happened(unsaved, fault, when := when + every):
                    self.counts[f"after a journal {word}: {fault.name}"] += 1

    def _happened(self, unsaved: bool, fault: Fault, when: int) -> bool:
        """One case; False when the edit has fewer calls."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.prepared / ("unsaved" if unsaved else "saved"), self.folder)
        case = f"first edit, {fault.name} {when}, {unsaved=}"

        def work(pipe: int) -> None:
            session = Session.open(self.path)
            session.clustered.connect(lambda update: os.write(pipe, b"a"))
            before = session.workspace.active.state()
            armed = faults.Faults()
            problem = None
            with armed.armed(self.folder, fault.how, when, fault.error, fault.kinds):
                try:
                    session.move([7], "noise")
                except DatasetError as error:
                    problem = error
            if not armed.fired:
                return
            os.write(pipe, b"!")
            if problem is not None:
                assert session.workspace.active.state().equals(before), f"{case}: not taken back"
                session.move([7], "noise")
            crash(session)

        end = run(work)
        assert end.by in (0, signal.SIGKILL), f"{case}: signal {end.by}"
        if end.by == 0 and b"!" not in end.said:
            return False
        self._check(case, announced=b"a" in end.said, may_be_there=end.by != 0)
        return True

    def _check(self, case: str, announced: bool, may_be_there: bool) -> None:
        kept = self.path.with_suffix(".phygui").glob("journal*")
        texts = b"".join(path.read_bytes() for path in kept if path.suffix != ".txt")
        assert b"merged 3 and 4" in texts, f"{case}: the earlier journal is lost"
        with Session.open(self.path, recover=True) as session:
            moved = session.group_of(7) == "noise"
            assert moved or not announced, f"{case}: an announced edit is lost"
            assert not moved or announced or may_be_there, f"{case}: an edit nobody asked for"
            assert session.workspace.active.clustering.next_id > 17, f"{case}: an id is used twice"

    def _prepare(self, source: Path) -> None:
        """One session that saved, and one that died before; both made cluster 17 and undid it."""
        for name in ("saved", "unsaved"):
            folder = self.prepared / name
            folder.mkdir(parents=True)
            shutil.copyfile(source, folder / source.name)

            def work(pipe: int, name: str = name, path: Path = folder / source.name) -> None:
                session = Session.open(path)
                session.merge([3, 4])
                session.merge([5, 6])
                session.undo()
                if name == "saved":
                    session.save()
                    session.close()
                else:
                    crash(session)

            run(work)

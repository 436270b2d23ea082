"""Two real users at one dataset: nobody works beside the other unseen. Only root can try that."""

from __future__ import annotations

import os
import select
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from phygui.curation.session import Session
from tests.torture.children import Child, End, run

GROUP = 54320
ANNA, BEN = 54321, 54322
ROOT = 0


def is_possible() -> bool:
    """Whether this process may become other users."""
    return hasattr(os, "setuid") and os.geteuid() == 0


class TwoUsers:
    """Runs the cases.

    Parameters
    ----------
    source : Path
        A ``.kwik`` file with its ``.kwx`` beside it; copied.
    """

    def __init__(self, source: Path) -> None:
        self.source = source
        # Where everybody may go, unlike the other parts.
        self.root = Path(tempfile.mkdtemp(prefix="phygui-users-"))
        os.chmod(self.root, 0o755)
        self.folder = self.root / "lab"
        self.path = self.folder / source.name
        self.state = self.path.with_suffix(".phygui")
        self.counts: Counter[str] = Counter()

    def run(self, n_races: int) -> None:
        """All cases, and so many races."""
        try:
            for case in (
                self._seen_where_only_one_may_write,
                self._taken_up_in_a_group,
                self._told_while_it_is_open,
                self._after_root,
                self._found_when_permissions_change,
                self._a_folder_for_one_in_a_group,
            ):
                case()
                self.counts[case.__name__.strip("_").replace("_", " ")] += 1
            for number in range(n_races):
                self._race(number)
                self.counts["races of two users: one writes, the other is told"] += 1
        finally:
            shutil.rmtree(self.root, ignore_errors=True)

    # -- cases -----------------------------------------------------------------------------

    def _seen_where_only_one_may_write(self) -> None:
        self._fresh(0o755)
        self._as(ANNA, lambda pipe: Session.open(self.path).merge([3, 4]))

        def look(pipe: int) -> None:
            with Session.open(self.path) as session:
                assert "user 54321" in session.read_only_reason, session.read_only_reason
                assert "chmod g+w" in session.read_only_reason
                assert len(session.unsaved_edits) == 1

        self._as(BEN, look)

    def _taken_up_in_a_group(self) -> None:
        self._fresh(0o2775)
        self._as(ANNA, lambda pipe: Session.open(self.path).merge([3, 4]))

        def go_on(pipe: int) -> None:
            with Session.open(self.path, recover=True) as session:
                assert not session.read_only, session.read_only_reason
                assert session.n_unsaved == 1
                session.save()
                session.move([7], "noise")

        self._as(BEN, go_on)

        def back(pipe: int) -> None:
            with Session.open(self.path, recover=True) as session:
                assert not session.read_only, session.read_only_reason
                assert session.cluster_groups[7] == "noise"
                assert 16 in session.cluster_ids
                session.save()

        self._as(ANNA, back)

    def _told_while_it_is_open(self) -> None:
        for mode in (0o755, 0o2775):
            self._fresh(mode)
            ready, done = os.pipe(), os.pipe()

            def hold(pipe: int, ready: int = ready[1], done: int = done[0]) -> None:
                with Session.open(self.path) as session:
                    session.merge([3, 4])
                    os.write(ready, b"!")
                    os.read(done, 1)

            first = self._start(ANNA, hold)
            os.read(ready[0], 1)

            def look(pipe: int) -> None:
                with Session.open(self.path) as session:
                    assert "open elsewhere" in session.read_only_reason
                    assert not session.unsaved_edits

            self._as(BEN, look)
            os.write(done[1], b"!")
            first.end()
            for fd in (*ready, *done):
                os.close(fd)

    def _after_root(self) -> None:
        self._fresh(0o755)
        self._as(ANNA, lambda pipe: Session.open(self.path).merge([3, 4]))

        def once(pipe: int) -> None:
            with Session.open(self.path, recover=True) as session:
                session.move([7], "noise")

        self._as(ROOT, once)
        shutil.copytree(self.folder, self.root / "copy")

        def back(pipe: int) -> None:
            with Session.open(self.path, recover=True) as session:
                assert not session.read_only, session.read_only_reason
                assert session.cluster_groups[7] == "noise"
                assert 16 in session.cluster_ids
                session.save()

        self._as(ANNA, back)
        # Where root came first, the folder is the owner's all the same.
        self._fresh(0o755)
        self._as(ROOT, lambda pipe: Session.open(self.path).merge([3, 4]))
        assert self.state.stat().st_uid == ANNA
        self._as(ANNA, self._edits_are_there)

    def _found_when_permissions_change(self) -> None:
        self._fresh(0o755)
        os.chmod(self.folder, 0o555)
        self._as(ANNA, lambda pipe: Session.open(self.path).merge([3, 4]))
        assert not self.state.exists()
        os.chmod(self.folder, 0o755)
        self._as(ANNA, self._edits_are_there)
        assert self.state.exists()

    def _a_folder_for_one_in_a_group(self) -> None:
        self._fresh(0o2775)
        self._as(ANNA, lambda pipe: Session.open(self.path).merge([3, 4]))
        os.chmod(self.state, 0o755)

        def look(pipe: int) -> None:
            with Session.open(self.path) as session:
                assert "chmod g+w" in session.read_only_reason

        self._as(BEN, look)
        os.chmod(self.state, 0o2775)
        self._as(BEN, self._edits_are_there)

    def _edits_are_there(self, pipe: int) -> None:
        with Session.open(self.path, recover=True) as session:
            assert not session.read_only, session.read_only_reason
            assert 16 in session.cluster_ids

    def _race(self, number: int) -> None:
        """Both open the dataset at the same moment, and die with their edits."""
        self._fresh(0o2775)
        go = os.pipe()

        def try_it(pipe: int) -> None:
            os.read(go[0], 1)
            session = Session.open(self.path)
            if session.read_only:
                assert "open elsewhere" in session.read_only_reason, session.read_only_reason
                os.write(pipe, b"r")
            else:
                session.merge([3, 4])
                os.write(pipe, b"w")
            # Until the other one has been told.
            os.read(go[0], 1)

        both = [self._start(user, try_it) for user in (ANNA, BEN)]
        os.write(go[1], b"!!")
        said = b""
        while len(said) < 2:
            ready, _, _ = select.select([child.pipe for child in both], [], [], 30)
            assert ready, f"race {number}: {said!r}"
            for pipe in ready:
                answer = os.read(pipe, 1 << 16)
                assert answer in (b"r", b"w"), f"race {number}: {answer!r}"
                said += answer
        os.write(go[1], b"!!")
        for child in both:
            child.end()
        os.close(go[0])
        os.close(go[1])
        assert sorted(said) == sorted(b"rw"), f"race {number}: {said!r}"
        self._as(BEN if number % 2 else ANNA, self._edits_are_there)

    # -- helpers ---------------------------------------------------------------------------

    def _fresh(self, mode: int) -> None:
        for name in os.listdir(self.root):
            shutil.rmtree(self.root / name)
        self.folder.mkdir()
        for suffix in (".kwik", ".kwx"):
            path = self.path.with_suffix(suffix)
            shutil.copyfile(self.source.with_suffix(suffix), path)
            os.chown(path, ANNA, GROUP)
            os.chmod(path, 0o664)
        os.chown(self.folder, ANNA, GROUP)
        os.chmod(self.folder, mode)
        for user in (ANNA, BEN):
            (self.root / str(user)).mkdir()
            os.chown(self.root / str(user), user, user)

    def _start(self, user: int, work: Callable[[int], object]) -> Child:
        return Child(lambda pipe: self._become(user, pipe, work))

    def _as(self, user: int, work: Callable[[int], object]) -> End:
        return run(lambda pipe: self._become(user, pipe, work))

    def _become(self, user: int, pipe: int, work: Callable[[int], object]) -> None:
        os.umask(0o022)
        if user != ROOT:
            os.setgroups([GROUP])
            os.setgid(user)
            os.setuid(user)
            home = str(self.root / str(user))
            for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
                os.environ[name] = home
            for name in ("LOGNAME", "USER"):
                os.environ[name] = f"user {user}"
        # What is returned lives until the process ends without closing anything.
        _kept.append(work(pipe))


_kept: list[object] = []

# The modules that this loads may lie where only root reads.
datetime.strptime("2026", "%Y")

"""Sessions killed at random moments, opened again, recovered, and compared with plain lists."""

from __future__ import annotations

import copy
import os
import queue
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from phygui.curation.session import Session
from tests.curation.conftest import crash
from tests.curation.oracle import Oracle
from tests.torture.children import Child
from tests.torture.script import N_EDITS, SAVE_EVERY, Script, differences, oracles_of, perform

Oracles = dict[tuple[int, str], Oracle]


class Kills:
    """Runs scripted sessions in children and kills these.

    Parameters
    ----------
    source : Path
        A ``.kwik`` file with two channel groups; copied.
    folder : Path
        Where to work.
    """

    def __init__(self, source: Path, folder: Path) -> None:
        self.source = source
        self.folder = folder / "session"
        self.path = self.folder / source.name
        self.counts: Counter[str] = Counter()

    def run(self, n_kills: int, seed: int = 0) -> None:
        """Kill so many sessions; each goes on where the one before was recovered."""
        rng = random.Random(seed)
        number = 0
        while self.counts["kills"] < n_kills:
            number += 1
            self._fresh()
            oracles, step = oracles_of(self.path), 0
            while step < N_EDITS and self.counts["kills"] < n_kills:
                windowed = rng.random() < 0.5
                oracles, step = self._kill_once(oracles, step, seed + number, windowed, rng)

    def _kill_once(
        self, oracles: Oracles, step: int, seed: int, windowed: bool, rng: random.Random
    ) -> tuple[Oracles, int]:
        """One session from a step on, until it is killed; the lists and step to go on from."""
        before = copy.deepcopy(oracles)

        def work(pipe: int) -> None:
            play(self.path, Script(oracles, seed, step), pipe, windowed)

        child = Child(work)
        ready = os.read(child._pipe, 1)
        assert ready == b"r", child.end().text
        # Many short lives see the beginnings and ends of edits, a few long ones see saves.
        time.sleep(rng.expovariate(1 / 0.15))
        child.kill()
        end = child.end()
        if end.by != signal.SIGKILL:
            self.counts["ended before they were killed"] += 1
        else:
            self.counts["kills"] += 1
        return self._compare(before, step, seed, end.said, windowed)

    def _compare(
        self, oracles: Oracles, step: int, seed: int, said: bytes, windowed: bool
    ) -> tuple[Oracles, int]:
        n_announced = said.count(b"a")
        # After the last announcement some more may have been asked for, and be on the disk.
        n_asked = said.count(b"?")
        self.counts["edits announced"] += n_announced
        self.counts["saves announced"] += said.count(b"s")
        script = Script(oracles, seed, step)
        problems: list[str] = []
        session = Session.open(self.path, recover=True)
        try:
            remembers = any(c.history.updates for c in session.workspace.curations.values())
            for done in range(max(n_asked, n_announced) + 1):
                if done:
                    script.next()
                if done < n_announced:
                    continue
                if not remembers:
                    # Nothing was left to bring back: the file holds everything.
                    tried = {key: forgetful(oracle) for key, oracle in oracles.items()}
                else:
                    tried = oracles
                problems = differences(session, tried)
                if not problems:
                    # A window asks for edits faster than it is told that they are on the disk.
                    mode = "windowed" if windowed else "edit by edit"
                    more = done - n_announced
                    word = f"with {more} flushed and not yet announced" if more else "as announced"
                    self.counts[f"recovered, {mode}: {word}"] += 1
                    assert windowed or more <= 1, "an edit was asked for before the last was told"
                    self.counts["recovered with a history"] += remembers
                    return tried, step + done
        finally:
            # As if this one had died too: closing it would tell the journal that all is well.
            crash(session)
        raise AssertionError(
            f"seed {seed}, from step {step}: {n_announced} edits were announced and "
            f"{n_asked} asked for, and found were {problems}"
        )

    def _fresh(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        shutil.copyfile(self.source, self.path)


def forgetful(oracle: Oracle) -> Oracle:
    """The same state without a history."""
    again = copy.deepcopy(oracle)
    again.saved = again.state()
    again.forget()
    return again


def play(path: Path, script: Script, pipe: int, windowed: bool) -> None:
    """Go through the script to its end; announce every edit and save.

    Writes r when it begins, ? before it asks for an edit, a when an edit is announced, and s
    when a save is.
    """
    session = Session.open(path, recover=True)
    problems = differences(session, script.oracles)
    assert not problems, f"recovered twice: {problems}"
    calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
    if windowed:
        session.dispatch = calls.put
    session.clustered.connect(lambda update: os.write(pipe, b"a"))
    session.saved.connect(lambda saved: os.write(pipe, b"s"))
    os.write(pipe, b"r")
    while script.step < N_EDITS:
        key, action = script.next()
        os.write(pipe, b"?")
        perform(session, key, action)
        # A window deals with what has been announced every now and then.
        while not calls.empty() and script.step % 3 == 0:
            calls.get()()
        if script.step % SAVE_EVERY == 0:
            session.save()
    session.journal.outbox.deliver(wait=True)
    session.close()

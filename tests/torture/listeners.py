"""Listeners that fail at random, while a script of edits is compared with plain lists."""

from __future__ import annotations

import random
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from phygui.curation.session import Session
from tests.torture.script import Script, differences, oracles_of, perform

SIGNALS = ("clustered", "selection_changed", "switched", "saved")


class Listeners:
    """Runs scripted sessions among failing listeners.

    Parameters
    ----------
    source : Path
        A ``.kwik`` file; copied.
    folder : Path
        Where to work.
    """

    def __init__(self, source: Path, folder: Path) -> None:
        self.folder = folder / "listeners"
        self.path = self.folder / source.name
        self.source = source
        self.counts: Counter[str] = Counter()

    def run(self, n_edits: int, seed: int) -> None:
        """So many edits, each with listeners of which some fail."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        shutil.copyfile(self.source, self.path)
        rng = random.Random(f"{seed} listeners")
        told: Counter[str] = Counter()
        hook, sys.excepthook = sys.excepthook, self._report
        try:
            with Session.open(self.path) as session:
                for name in SIGNALS:
                    signal = getattr(session, name)
                    signal.connect(lambda *_, name=name: self._fail(rng, name))
                    signal.connect(lambda *_, name=name: told.update([name]))
                    signal.connect(lambda *_, name=name: self._fail(rng, name))
                script = Script(oracles_of(self.path), seed)
                for number in range(n_edits):
                    perform(session, *script.next())
                    if number % 25 == 24:
                        session.save()
                found = differences(session, script.oracles)
                assert not found, found
        finally:
            sys.excepthook = hook
        assert told["clustered"] == n_edits, told
        assert told["selection_changed"] >= n_edits, told
        assert self.counts["failures reported"] == self._n_failures
        self.counts["edits that stand, and were told to every other listener"] += n_edits

    _n_failures = 0

    def _fail(self, rng: random.Random, name: str) -> None:
        if rng.random() < 0.5:
            self._n_failures += 1
            self.counts[f"failures of listeners of {name}"] += 1
            raise RuntimeError(f"a listener of {name}")

    def _report(self, kind: type[BaseException], error: BaseException, trace: Any) -> None:
        self.counts["failures reported"] += 1

"""Damaged files opened: no crash, no hang, nothing but a sentence, and no change to the file."""

from __future__ import annotations

import os
import random
import shutil
import signal
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import h5py

from phygui.curation.session import Session
from phygui.errors import DatasetError
from tests.torture.children import run

TOO_LONG = 10.0
"""Seconds after which opening counts as hanging."""


class Mutations:
    """Damages copies of a dataset, and opens these.

    Parameters
    ----------
    source : Path
        A ``.kwik`` file with its ``.kwx`` beside it; copied.
    folder : Path
        Where to work.
    """

    def __init__(self, source: Path, folder: Path) -> None:
        self.source = source
        self.folder = folder / "mutated"
        self.path = self.folder / source.name
        self.counts: Counter[str] = Counter()
        self._journal = self._made_journal()

    def run(self, n_files: int, seed: int = 0) -> None:
        """Open so many damaged files."""
        kinds: list[tuple[str, Callable[[random.Random], Path]]] = [
            ("bits flipped in the .kwik", lambda rng: self._flip(self.path, rng)),
            (".kwik cut short", lambda rng: self._cut(self.path, rng)),
            ("parts of the .kwik overwritten", lambda rng: self._scramble(self.path, rng)),
            ("objects of the .kwik exchanged", self._exchange),
            ("objects of the .kwik removed", self._remove),
            ("bits flipped in the .kwx", lambda rng: self._flip(self._kwx, rng)),
            (".kwx cut short", lambda rng: self._cut(self._kwx, rng)),
            ("bits flipped in the journal", lambda rng: self._flip(self._journal_path, rng)),
        ]
        for number in range(n_files):
            name, damage = kinds[number % len(kinds)]
            rng = random.Random(f"{seed} {number}")
            self._fresh()
            damaged = damage(rng)
            before = {p: p.read_bytes() for p in (self.path, damaged)}
            case = f"{name}, seed {seed}, number {number}"
            end = run(self._open, TOO_LONG, may_hang=True)
            if end.by or end.too_slow:
                kept = self.folder.parent / f"failed-{number}"
                shutil.copytree(self.folder, kept, dirs_exist_ok=True)
                ended = "it hung" if end.too_slow else f"signal {signal.Signals(end.by).name}"
                raise AssertionError(f"{case}: {ended}; the files are in {kept}")
            self.counts[f"{name}: {end.text}"] += 1
            for path, data in before.items():
                assert path.read_bytes() == data, f"{case}: {path.name} was changed"

    def _open(self, pipe: int) -> None:
        """What a window does first: open, and look at spikes, features and unsaved edits."""
        warnings.simplefilter("ignore")
        try:
            with Session.open(self.path, read_only=True) as session:
                model = session.model
                spikes = session.spikes_per_cluster
                ids = list(spikes)[:3]
                for cluster_id in ids:
                    if model.features is not None:
                        model.features[spikes[cluster_id][:50]]
                    if model.waveforms is not None:
                        model.waveforms[spikes[cluster_id][:5]]
                session.unsaved_edits  # noqa: B018
        except DatasetError as error:
            os.write(pipe, b"refused" if str(error) else b"refused without a sentence")
        else:
            os.write(pipe, b"opened")

    # -- damage ----------------------------------------------------------------------------

    def _flip(self, path: Path, rng: random.Random) -> Path:
        data = bytearray(path.read_bytes())
        # Where the structure is, a few bits do most harm.
        reach = len(data) if rng.random() < 0.5 else min(len(data), 20_000)
        for _ in range(rng.choice((1, 1, 2, 8, 64))):
            data[rng.randrange(reach)] ^= 1 << rng.randrange(8)
        path.write_bytes(data)
        return path

    def _cut(self, path: Path, rng: random.Random) -> Path:
        data = path.read_bytes()
        path.write_bytes(data[: rng.randrange(len(data))])
        return path

    def _scramble(self, path: Path, rng: random.Random) -> Path:
        data = bytearray(path.read_bytes())
        for _ in range(rng.randint(1, 4)):
            n = min(rng.choice((1, 8, 512, 4096)), len(data))
            start = rng.randrange(len(data) - n + 1)
            fill = rng.choice((bytes(n), b"\xff" * n, rng.randbytes(n)))
            data[start : start + n] = fill
        path.write_bytes(data)
        return path

    def _exchange(self, rng: random.Random) -> Path:
        with h5py.File(self.path, "r+") as file:
            names = sorted(self._names(file))
            datasets = [name for name in names if isinstance(file[name], h5py.Dataset)]
            if rng.random() < 0.5:
                names = datasets
            one, two = rng.sample(names, 2)
            if not (two.startswith(f"{one}/") or one.startswith(f"{two}/")):
                file.move(one, "/aside")
                file.move(two, one)
                file.move("/aside", two)
        return self.path

    def _remove(self, rng: random.Random) -> Path:
        with h5py.File(self.path, "r+") as file:
            del file[rng.choice(sorted(self._names(file)))]
        return self.path

    def _names(self, file: h5py.File) -> list[str]:
        names: list[str] = []
        file.visit(names.append)
        # Every object may be hit, but most of them are clusters' colours.
        return [n for n in names if n.count("/") < 5]

    # -- helpers ---------------------------------------------------------------------------

    @property
    def _kwx(self) -> Path:
        return self.path.with_suffix(".kwx")

    @property
    def _journal_path(self) -> Path:
        return self.path.with_suffix(".phygui") / "journal"

    def _fresh(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        for suffix in (".kwik", ".kwx"):
            shutil.copyfile(self.source.with_suffix(suffix), self.path.with_suffix(suffix))
        if hasattr(self, "_journal"):
            self._journal_path.parent.mkdir()
            self._journal_path.write_bytes(self._journal)

    def _made_journal(self) -> bytes:
        self._fresh()

        def work(pipe: int) -> None:
            with Session.open(self.path) as session:
                for _ in range(5):
                    session.merge(session.cluster_ids[:2])
                    session.label(session.cluster_ids[-1:], "a", "b")
                    session.undo()

        run(work)
        return self._journal_path.read_bytes()

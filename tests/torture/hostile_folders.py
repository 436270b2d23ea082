"""Hostile folders opened: nothing but a sentence, nothing run, and nothing changed."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from phygui import Session, open_dataset
from phygui.errors import DatasetError
from tests.torture.children import run
from tests.torture.damages import Damage, no_files

TOO_LONG = 15.0
"""Seconds after which opening counts as hanging."""
MOST_MEMORY = 4 << 30
"""Bytes of addresses that a child may have beyond what it starts with."""


class HostileFolders:
    """Damages copies of folders, and opens these.

    Parameters
    ----------
    folder : Path
        Where to work.
    sources : sequence of Path
        Sound folders.
    kinds : dict
        What may happen to a copy, by name.
    """

    def __init__(self, folder: Path, sources: Sequence[Path], kinds: dict[str, Damage]) -> None:
        self.root = folder / "hostile-folders"
        self.counts: Counter[str] = Counter()
        self._sources, self._kinds = sources, kinds

    def run(self, n_folders: int, seed: int = 0) -> None:
        """Open so many damaged folders."""
        for number in range(n_folders):
            self._try(number, seed)

    def _try(self, number: int, seed: int) -> None:
        rng = random.Random(f"{seed} {number}")
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.mkdir(parents=True)
        source = rng.choice(self._sources)
        path = self.root / f"sorted{source.suffix}"
        shutil.copytree(source, path)
        mark = self.root.parent / "was-run"
        first = list(self._kinds)[number % len(self._kinds)]
        chosen = [first, *rng.choices(list(self._kinds), k=rng.choice((0, 0, 1, 2)))]
        # What is no file any more comes last: a pipe would keep whoever damages it.
        for kind in sorted(chosen, key=lambda kind: self._kinds[kind] is no_files):
            try:
                self._kinds[kind](path, rng, f"touch {mark}")
            except (OSError, ValueError, TypeError, OverflowError):
                # What was damaged before cannot be damaged in every way again.
                continue
        before = _contents(self.root)
        case = f"{', '.join(chosen)}, seed {seed}, number {number}"
        end = run(lambda pipe: _open(path, pipe), TOO_LONG, may_hang=True)
        if end.by or end.too_slow or mark.exists():
            kept = self.root.parent / f"failed-{number}"
            shutil.copytree(self.root, kept, symlinks=True, dirs_exist_ok=True)
            ended = "it hung" if end.too_slow else f"signal {signal.Signals(end.by).name}"
            raise AssertionError(f"{case}: {'run' if mark.exists() else ended}; see {kept}")
        assert _contents(self.root) == before, f"{case}: something was changed"
        assert end.text in ("opened", "refused"), f"{case}: {end.text}"
        self.counts[f"{first}: {end.text}"] += 1


def _contents(root: Path) -> dict[str, object]:
    """All files and folders, links and pipes below a folder, as far as they can be compared."""
    found: dict[str, object] = {}
    for path in sorted(root.rglob("*")):
        if path.is_symlink():
            found[str(path)] = os.readlink(path)
        else:
            found[str(path)] = path.read_bytes() if path.is_file() else path.lstat().st_mode
    return found


def _open(path: Path, pipe: int) -> None:
    """What a window does first: open, and look at all there is."""
    warnings.simplefilter("ignore")
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + MOST_MEMORY, size + MOST_MEMORY))
    try:
        dataset = open_dataset(path)
        dataset.describe()
        for group in dataset.channel_groups:
            if group in dataset.incomplete:
                continue
            shank = dataset.open(group)
            some = np.unique(np.linspace(0, shank.n_spikes - 1, 20).astype(np.int64))
            for name in dataset.clusterings.names(group):
                dataset.clusterings.read((group, name))
            if shank.features is not None:
                shank.features.read(some)
            if shank.waveforms is not None:
                shank.waveforms[some]
            for template in list(shank.templates or ())[:3]:
                assert shank.templates is not None
                shank.templates[template]
            for attribute in shank.attributes.values():
                attribute.read(some)
            shank.close()
        with Session.open(path, read_only=True) as session:
            for cluster_id in session.cluster_ids[:3].tolist():
                session.group_of(cluster_id)
            session.unsaved_edits  # noqa: B018
    except DatasetError as error:
        text = str(error)
        is_sentence = bool(text) and "\n" not in text and text.endswith(".")
        os.write(pipe, b"refused" if is_sentence else f"no sentence: {text!r}"[:500].encode())
    else:
        os.write(pipe, b"opened")

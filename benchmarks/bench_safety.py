"""What it costs that nothing is lost: the journal of an edit, and a durable save.

    python benchmarks/bench_safety.py

A dataset of 1,000,000 spikes is simulated in a temporary folder, or in --folder, which also
chooses the disk. The exit status is 1 if a bar is not met.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from phygui.curation.session import Session
from phygui.simulate import make_demo

N_SPIKES = 1_000_000
N_EDITED = 10_000
FORMAT = "{:56s} {:>10s} {:>30s} {:>8s} {:>10s} {:>4s}"


def timed(function: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def ms(seconds: float) -> str:
    return f"{1e3 * seconds:.2f} ms"


def edits(session: Session) -> Callable[[], object]:
    """Edits of 10,000 spikes each, without end."""
    ids = np.arange(N_EDITED) * (len(session.spike_clusters) // N_EDITED)
    # At first they are taken out of all clusters; from then on, they are what is touched.
    session.split(ids)
    numbers = iter(range(10**9))
    return lambda: session.assign(ids, (np.arange(N_EDITED) + next(numbers)) % 2)


def flush(fd: int, data: bytes) -> None:
    """What the disk itself takes for so many bytes."""
    os.write(fd, data)
    os.fdatasync(fd)


def bench_journal(path: Path, repeats: int) -> tuple[float, float, float, float]:
    """Medians in seconds: without a journal, with one, a bare flush, and with a window."""
    other = path.with_name("other.kwik")
    shutil.copyfile(path, other)
    with Session.open(path, journal=False) as bare, Session.open(other) as kept:
        without, with_one = edits(bare), edits(kept)
        without(), with_one()
        size = kept.journal.keeper.journal_path.stat().st_size
        with_one()
        data = bytes(kept.journal.keeper.journal_path.stat().st_size - size)
        fd = os.open(path.with_name("flushed"), os.O_RDWR | os.O_CREAT)
        calls: list[Callable[[], None]] = []

        def windowed() -> None:
            kept.dispatch = calls.append
            seconds = timed(with_one)
            kept.dispatch = None
            kept.journal.outbox.deliver(wait=True)
            found[3].append(seconds)

        found: list[list[float]] = [[], [], [], []]
        for _ in range(repeats):
            found[0].append(timed(without))
            found[1].append(timed(with_one))
            found[2].append(timed(lambda: flush(fd, data)))
            windowed()
        os.close(fd)
        print(f"the journal grows by {len(data) / 1000:.1f} kB an edit")
        kept.close(discard=True)
        bare.close(discard=True)
    a, b, c, d = (statistics.median(each) for each in found)
    return a, b, c, d


def copied(path: Path) -> None:
    """Copy a file and flush the copy."""
    target = path.with_suffix(".copy")
    shutil.copyfile(path, target)
    fd = os.open(target, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)
    target.unlink()


def bench_save(path: Path, repeats: int) -> tuple[float, float]:
    """Medians in seconds: a save of the whole file, and a flushed copy of it."""
    saves, copies = [], []
    with Session.open(path, recover=False) as session:
        session.label(session.cluster_ids[:1], "round", "first")
        session.save()
        for number in range(repeats):
            session.merge(session.cluster_ids[:2])
            session.label(session.cluster_ids[-1:], "round", str(number))
            saves.append(timed(session.save))
            copies.append(timed(lambda: copied(path)))
    return statistics.median(saves), statistics.median(copies)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder by default")
    parser.add_argument("--repeats", type=int, default=31)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="phygui-bench-", dir=given.folder))
    try:
        path = make_demo(
            folder,
            n_spikes=N_SPIKES,
            n_clusters=200,
            n_channels=4,
            n_features_per_channel=1,
            duration=3000.0,
            raw=None,
        ).kwik_path
        print(f"{path.stat().st_size / 1e6:.1f} MB, {N_SPIKES:,} spikes, in {folder}")
        bare, kept, disk, window = bench_journal(path, given.repeats)
        save, copy = bench_save(path, max(given.repeats // 3, 3))
    finally:
        shutil.rmtree(folder)
    print(FORMAT.format("work", "measured", "reference", "figure", "bar", "met"))
    added, ratio = 1e3 * (kept - bare), save / copy
    rows = [
        (
            f"an edit of {N_EDITED:,} spikes, on the disk",
            ms(kept),
            f"no journal {ms(bare)}",
            f"+{added:.2f}",
            "<= 5 ms",
            added <= 5,
        ),
        ("a bare flush of as many bytes", ms(disk), "", "", "", None),
        (
            "the same edit as the thread of a window sees it",
            ms(window),
            f"no journal {ms(bare)}",
            f"+{1e3 * (window - bare):.2f}",
            "",
            None,
        ),
        (
            f"saving {N_SPIKES:,} spikes",
            ms(save),
            f"copy and flush {ms(copy)}",
            f"{ratio:.2f}x",
            "<= 3x",
            ratio <= 3,
        ),
    ]
    for *words, met in rows:
        print(FORMAT.format(*words, "" if met is None else "yes" if met else "NO"))
    return 0 if all(met is not False for *_, met in rows) else 1


if __name__ == "__main__":
    sys.exit(main())

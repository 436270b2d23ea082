"""A Kilosort-like folder of 384 channels and 10,000,000 spikes: opened, selected, beside phy's.

    xvfb-run -a -s '-screen 0 1920x1080x24' python benchmarks/bench_formats.py [PART ...]
        [--folder F] [--kwik FILE.kwik] [--phy PYTHON] [--repeats N]

Parts: `opening` (time and memory of `Session.open`, caches warm), `double` (the same with
20,000,000 spikes, whose features and raw data are holes in their files), `selection` (keys of the
window beside the same on a Kwik file, with clusters of as many spikes), `phy` (beside phy 2.1's
template GUI on the same folder). Statistics of the clusters are kept by a first run, which is not
timed.
Exits with 1 where a bar is missed. Without `--kwik`, the Kwik file is made of a smaller folder of
the same kind, by `phygui.convert`: 72 clusters of the usual sizes, three components a channel.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

from kilosort_folder import write_folder, write_hollow_folder

from phygui import Session, convert, prepare

HERE = Path(__file__).resolve().parent
PARTS = ("opening", "double", "selection", "phy")
N_SPIKES, N_CHANNELS = 10_000_000, 384
N_KWIK, N_KWIK_CLUSTERS = 400_000, 72
OPENING = """
import json, resource, sys, time, warnings
warnings.simplefilter("ignore")
from phygui import Session
times = []
for _ in range(int(sys.argv[2])):
    start = time.perf_counter()
    session = Session.open(sys.argv[1], read_only=True)
    times.append(time.perf_counter() - start)
    session.close()
    del session
print(json.dumps([times, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""
KEYS = ("select", "merge", "undo")
LIMIT_S = 900
"""Seconds after which what a program has done is what counts."""


def row(what: str, ours: str, against: str, ratio: float, bar: float, met: bool) -> bool:
    """Print a row of the table."""
    print(f"| {what} | {ours} | {against} | {ratio:.2f} | {bar:g} | {'yes' if met else 'NO'} |")
    return met


def learn(path: Path) -> None:
    """Have the statistics of all clusters kept, as whoever has opened it before has them."""
    state = path.with_suffix(".phygui") if path.is_file() else path.with_name(
        path.name + ".phygui_state")  # fmt: skip
    if not list(state.rglob("statistics-*")):
        prepare(path, what=["metrics"])


def make_kwik(folder: Path) -> Path:
    """A Kwik file beside a folder, with the same channels and clusters of the same sizes."""
    path = folder.with_name(folder.name + "-like.kwik")
    if not path.exists():
        source = folder.with_name(folder.name + "-small")
        write_folder(source, N_KWIK, N_CHANNELS, N_KWIK_CLUSTERS, seconds=10, n_pcs=3)
        convert(source, path, raw="copy")
    return path


def opened(folder: Path, times: int) -> tuple[float, float]:
    """Seconds that `Session.open` takes with warm caches, and the most megabytes it ever took."""
    command = [sys.executable, "-c", OPENING, str(folder), str(times)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    taken, most_mb = json.loads(told.splitlines()[-1])
    return statistics.median(taken[1:]), most_mb


def opening(folder: Path, repeats: int) -> list[bool]:
    """How long `Session.open` takes with warm caches, and the most memory that it takes."""
    seconds, most_mb = opened(folder, repeats + 1)
    bound = 2_000
    return [
        row("open", f"{seconds:.2f} s", "3 s", seconds / 3, 1, seconds <= 3),
        row("memory, opened again and again", f"{most_mb:.0f} MB", f"{bound} MB",
            most_mb / bound, 1, most_mb <= bound),
    ]  # fmt: skip


def double(beside: Path) -> list[bool]:
    """What opening twice as many spikes takes: less than half of their features."""
    with tempfile.TemporaryDirectory(dir=beside) as made:
        folder = Path(made) / "kilosort"
        write_hollow_folder(folder, 2 * N_SPIKES, N_CHANNELS)
        seconds, most_mb = opened(folder, 2)
        bound = (folder / "pc_features.npy").stat().st_size / 2**20 / 2
    return [
        row("open 20,000,000", f"{seconds:.2f} s", "6 s", seconds / 6, 1, seconds <= 6),
        row("memory, 20,000,000", f"{most_mb:.0f} MB", f"half of the features {bound:.0f} MB",
            most_mb / bound, 1, most_mb <= bound),
    ]  # fmt: skip


def keys(
    python: str, script: str, path: Path, clusters: list[int], repeats: int, *options: str
) -> dict[str, list[float]]:
    """Milliseconds of each key in one of the programs, as far as it comes in `LIMIT_S`."""
    command = [python, str(HERE / "beside_phy" / script), str(path)]
    command += [json.dumps(clusters), str(repeats), "still", *options]
    with tempfile.TemporaryFile("w+") as told, tempfile.TemporaryFile("w+") as trouble:
        try:
            code = subprocess.run(
                command, check=False, stdout=told, stderr=trouble, timeout=LIMIT_S
            ).returncode
        except subprocess.TimeoutExpired:
            code = 0
        told.seek(0)
        trouble.seek(0)
        lines, said = told.read().splitlines(), trouble.read()
    found = [line for line in lines if line.startswith("{")]
    if code or not found:
        raise RuntimeError(f"{script} failed:\n{lines[-20:]}\n{said[-4000:]}")
    return json.loads(found[-1])


def in_memory(path: Path) -> None:
    """Read the files of a dataset once, so that all selections find them in memory."""
    files = path.iterdir() if path.is_dir() else path.parent.glob(f"{path.stem}.*")
    for each in files:
        if each.is_file():
            with open(each, "rb") as file:
                while file.read(2**24):
                    pass


def sizes_of(path: Path) -> dict[int, int]:
    """Spikes of each cluster."""
    with Session.open(path, read_only=True) as session:
        return {c: len(spikes) for c, spikes in session.spikes_per_cluster.items()}


def alike(folder: Path, kwik: Path, n: int) -> tuple[list[int], list[int]]:
    """Clusters of both of as many spikes, as nearly as there are."""
    ours, theirs = sizes_of(folder), sizes_of(kwik)
    chosen: list[int] = []
    partners: list[int] = []
    for cluster in sorted(theirs, key=lambda c: -theirs[c])[:n]:
        free = [c for c in ours if c not in chosen]
        chosen.append(min(free, key=lambda c: abs(ours[c] - theirs[cluster])))
        partners.append(cluster)
    return chosen, partners


def linked(path: Path, into: Path) -> Path:
    """A folder, or a `.kwik` file, that may be written to: what is large is linked."""
    into.mkdir()
    if path.is_dir():
        goal = into / path.name
        goal.mkdir()
        for each in path.iterdir():
            small = each.is_file() and (each.suffix == ".tsv" or each.name in ("params.py",
                                        "spike_clusters.npy"))  # fmt: skip
            if small:
                shutil.copy(each, goal)
            elif each.is_file():
                os.symlink(each, goal / each.name)
        state = path.with_name(path.name + ".phygui_state")
    else:
        goal = into / path.name
        shutil.copy(path, goal)
        for suffix in (".kwx", ".dat"):
            os.symlink(path.with_suffix(suffix), goal.with_suffix(suffix))
        state = path.with_suffix(".phygui")
    if state.exists():
        shutil.copytree(state, into / state.name)
    return goal


def _span(times_ms: list[float]) -> str:
    """The median, and the least and the most."""
    middle = statistics.median(times_ms)
    return f"{middle:.0f} ms ({min(times_ms):.0f} to {max(times_ms):.0f})"


def selection(folder: Path, kwik: Path, repeats: int) -> list[bool]:
    """Selections beside those in a Kwik file."""
    chosen, partners = alike(folder, kwik, 4 + 13 * repeats)
    with tempfile.TemporaryDirectory(dir=folder.parent) as made:
        times = []
        for path, clusters in ((folder, chosen), (kwik, partners)):
            in_memory(path)
            goal = linked(path, Path(made) / path.stem)
            times.append(
                keys(sys.executable, "phygui_keys.py", goal, clusters, repeats, "selections")
            )
    found = []
    for key in ("select", "select two", "select ten"):
        (x, ours), (y, theirs) = ((statistics.median(of[key]), _span(of[key])) for of in times)
        found.append(row(key, ours, f"Kwik {theirs}", x / y, 1.3, x <= 1.3 * y))
    return found


def beside_phy(folder: Path, phy: str, repeats: int) -> list[bool]:
    """The keys of phy's template GUI on the same folder."""
    sizes = sizes_of(folder)
    middle = sorted(sizes, key=lambda c: abs(sizes[c] - 20_000))[: 10 + 4 * repeats]
    with tempfile.TemporaryDirectory(dir=folder.parent) as made:
        goals = [linked(folder, Path(made) / program) for program in ("phygui", "phy")]
        a = keys(sys.executable, "phygui_keys.py", goals[0], middle, repeats, "few")
        b = keys(phy, "template_keys.py", goals[1], middle, repeats, "few")
    found = []
    for key in KEYS:
        x, y = statistics.median(a[key]), statistics.median(b[key])
        found.append(row(key, _span(a[key]), f"phy {_span(b[key])}", y / x, 5, y >= 5 * x))
    return found


def main() -> int:
    """Print the table; exit code 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", help=f"some of {', '.join(PARTS)}; by default all")
    parser.add_argument("--folder", type=Path, help="where the folder is made and kept")
    parser.add_argument("--kwik", type=Path, help="a .kwik file of as many channels")
    parser.add_argument("--phy", help="a Python that has phy 2.1")
    parser.add_argument("--repeats", type=int, default=3)
    told = parser.parse_args()
    warnings.simplefilter("ignore")
    parts = told.parts or PARTS
    folder = told.folder or Path(tempfile.mkdtemp(prefix="phygui-bench-")) / "kilosort"
    write_folder(folder, N_SPIKES, N_CHANNELS)
    learn(folder)
    print("| what | phygui | against | ratio | bar | met |")
    print("| --- | --- | --- | --- | --- | --- |")
    met: list[bool] = []
    if "opening" in parts:
        met += opening(folder, told.repeats)
    if "double" in parts:
        met += double(folder.parent)
    if "selection" in parts:
        kwik = told.kwik or make_kwik(folder)
        learn(kwik)
        met += selection(folder, kwik, told.repeats)
    if "phy" in parts and told.phy:
        met += beside_phy(folder, told.phy, told.repeats)
    return not all(met)


if __name__ == "__main__":
    sys.exit(main())

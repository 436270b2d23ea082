"""Keys of the window beside those of phy's `kwik-gui`, on the same file of 1,000,000 spikes.

    python -m venv phy
    phy/bin/pip install "numpy<2.3" "setuptools<80" phy==2.1.0 klusta six PyQtWebEngine
    xvfb-run -a -s '-screen 0 1920x1080x24' \
        python benchmarks/bench_phy.py --phy phy/bin/python [--folder F] [--repeats N]

Both open a copy of the dataset in their default layout at 1920x1080 and do the same with the same
clusters. A time is that from what a key calls to the end of the last drawing of any view, after
which nothing is drawn or computed any more. Exits with 1 where a bar is missed.
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
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scale.datasets import Datasets

from phygui import Session

HERE = Path(__file__).resolve().parent
KEYS = ("select", "select ten", "next", "merge", "undo", "redo", "split", "move")
BARS = {"select ten": 5.0}
BAR = 10.0


def copy_of(path: Path, folder: Path) -> Path:
    """A copy of the `.kwik` file, since phy writes to it; what is large is linked."""
    folder.mkdir()
    shutil.copy(path, folder)
    for suffix in (".kwx", ".dat"):
        os.symlink(path.with_suffix(suffix), folder / path.with_suffix(suffix).name)
    if path.with_suffix(".phygui").exists():
        shutil.copytree(path.with_suffix(".phygui"), folder / path.with_suffix(".phygui").name)
    return folder / path.name


def times_ms(
    python: str, script: str, path: Path, clusters: list[int], repeats: int
) -> dict[str, list[float]]:
    """How long each key takes in one of the programs."""
    command = [python, str(HERE / "beside_phy" / script), str(path)]
    command += [json.dumps(clusters), str(repeats)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{script} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    found: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> int:
    """Print the table; exit code 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--phy", required=True, help="a Python that has phy 2.1 and klusta")
    parser.add_argument("--folder", type=Path, help="where the dataset is built and kept")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    kept = arguments.folder or Path(tempfile.mkdtemp(prefix="phygui-bench-"))
    path = Datasets(kept).path("spikes-1000000")
    with Session.open(path, read_only=True) as session:
        sizes = {c: len(s) for c, s in session.spikes_per_cluster.items()}
    # Not the largest ones: of these each view shows a part only.
    clusters = sorted(sizes, key=lambda c: -sizes[c])[5 : 15 + 4 * arguments.repeats]
    with tempfile.TemporaryDirectory() as folder:
        ours = times_ms(sys.executable, "phygui_keys.py", copy_of(path, Path(folder) / "phygui"),
                        clusters, arguments.repeats)  # fmt: skip
        theirs = times_ms(arguments.phy, "phy_keys.py", copy_of(path, Path(folder) / "phy"),
                          clusters, arguments.repeats)  # fmt: skip
    print("| key | phygui, ms | phy, ms | times as fast | bar | met |")
    print("| --- | --- | --- | --- | --- | --- |")
    missed = []
    for key in KEYS:
        a, b = statistics.median(ours[key]), statistics.median(theirs[key])
        bar = BARS.get(key, BAR)
        met = b / a >= bar
        print(f"| {key} | {a:.0f} | {b:.0f} | {b / a:.1f} | {bar:g} | {'yes' if met else 'NO'} |")
        missed += [] if met else [key]
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())

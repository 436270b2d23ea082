"""The bars at the sizes that are recorded today: 10,000,000 spikes, 384 channels, 2,000 clusters.

    xvfb-run -a -s '-screen 0 1920x1080x24' python benchmarks/bench_scale.py [PART ...]
        [--folder F] [--repeats N]

Each part is a module of `benchmarks/scale`, measured in a process of its own. All figures are
ratios within one run. Exits with 1 where a bar is missed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

PARTS = sorted(
    path.stem
    for path in (Path(__file__).parent / "scale").glob("*.py")
    if path.stem not in ("__init__", "datasets")
)


def measure(part: str, folder: Path, repeats: int) -> int:
    """Print the rows of a part; exit code 1 if a bar is missed."""
    from scale.datasets import Datasets

    import phygui.heap
    from phygui.gui.app.preload import compile_all

    phygui.heap.keep_large_apart()
    compile_all()
    report = import_module(f"scale.{part}").report
    return 0 if all(report(Datasets(folder), repeats)) else 1


def main() -> int:
    """Measure the parts one after the other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", help=f"some of {', '.join(PARTS)}; by default all")
    parser.add_argument("--folder", type=Path, help="where datasets are built and kept")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    parts = arguments.parts or PARTS
    if unknown := [part for part in parts if part not in PARTS]:
        parser.error(f"there is no part {unknown[0]}; there are {', '.join(PARTS)}")
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="phygui-bench-"))
    if arguments.here:
        return measure(parts[0], folder, arguments.repeats)
    # As the program starts: else the threads of OpenBLAS take ten times as long over small fits.
    environment = {"OPENBLAS_NUM_THREADS": "1", **os.environ}
    missed = []
    for part in parts:
        print(f"\n{part}\n\n| what | time | against | ratio | bar | met |", flush=True)
        print("| --- | --- | --- | --- | --- | --- |", flush=True)
        command = [sys.executable, __file__, part, "--here", "--folder", str(folder)]
        command += ["--repeats", str(arguments.repeats)]
        if subprocess.run(command, check=False, env=environment).returncode:
            missed.append(part)
    print(f"\nbelow a bar: {', '.join(missed)}" if missed else "\nevery bar holds")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())

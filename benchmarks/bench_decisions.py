"""What following the merge suggestions does to datasets of which the truth is known.

    python -m venv bench && bench/bin/pip install -e . -r benchmarks/requirements.txt
    bench/bin/python benchmarks/bench_decisions.py FOLDER ... [--no-others]

Each FOLDER holds one Kwik dataset, its raw data (`*.dat`) and, for every shank g, `labels_g.npz`:
`labels`, the clusters of the file; `units`, the true unit of each spike, -1 for none; and `roles`,
JSON of which the keys "a,b" are the pairs of clusters that are one unit. Where all values are
"real", a spike sorter made the clusters, else known mistakes were made on purpose.

A session is opened without a window, and what is suggested at the default is held against the
truth: precision, recall (of the pairs that are one unit, those that the list makes one), and the
mean accuracy of the units (their best one-to-one matching to the clusters, by n_match / (n_a +
n_b - n_match)) before, after accepting the best suggestion until none is left, after accepting
the whole list at once, and with the true pairs merged. Beside it, the same for the five presets
of SpikeInterface and for the cosine of its templates; and how far the quality by which clusters
are walked tells which are right. Where `NAME.ground_truth.npz` lies beside the Kwik file, with
the `samples` and `units` of true spikes, every split and merge that is suggested is accepted in
turn. Of the group candidates, once no cluster is decided: whether clusters of false detections
are among them, and good units are not. Where the mistakes were made on purpose, a third of the
true units are joined with their neighbours, and it is counted which are suggested for a split.
Exits with 1 where a bar is missed.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from decisions import genuine, groups, merges, quality, splits
from decisions.truth import Truth

from phygui.gui.app.preload import compile_all


def report(folder: Path, with_others: bool, verbose: bool) -> list[str]:
    """Print the figures of the dataset in a folder; returns the bars that are missed."""
    [path] = folder.glob("*.kwik")
    missed = []
    for stored in sorted(folder.glob("labels_*.npz")):
        shank, truth = int(stored.stem.split("_")[1]), Truth.read(stored)
        name = f"{folder}, shank {shank}"
        print(f"{name}: {len(truth.labels):,d} spikes, {len(np.unique(truth.labels))} clusters")
        below = merges.judge(path, shank, truth, with_others, verbose)
        below += quality.judge(path, shank, truth)
        below += groups.judge(path, shank, truth, verbose)
        below += splits.judge(path, shank, truth, verbose)
        missed += [f"{name}: {bar}" for bar in below]
        sys.stdout.flush()
    if genuine.truth_of(path).exists():
        missed += [f"{folder}: {bar}" for bar in genuine.judge(path)]
    return missed


def main() -> int:
    """Print the figures; exit code 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path, help="each with one dataset")
    parser.add_argument("--no-others", action="store_true", help="without SpikeInterface")
    parser.add_argument("--verbose", action="store_true", help="print the pairs")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    if not arguments.no_others:
        try:
            import spikeinterface
        except ImportError:
            print("SpikeInterface is not installed: pip install -r benchmarks/requirements.txt")
            return 1
        spikeinterface.set_global_job_kwargs(n_jobs=1, progress_bar=False)
    compile_all()
    missed = []
    for folder in arguments.folders:
        missed += report(folder, not arguments.no_others, arguments.verbose)
    print("below the bar: " + "; ".join(missed) if missed else "every bar holds")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())

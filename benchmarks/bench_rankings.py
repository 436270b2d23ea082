"""Whether the rankings taken from SpikeInterface give what it gives itself.

    bench/bin/python benchmarks/bench_rankings.py FOLDER ...

Each FOLDER holds one Kwik dataset, its raw data and `labels_g.npz`, as `bench_decisions.py` takes
them. The similarities that a session shows are held against those of a SortingAnalyzer of the same
spikes and raw data. Its templates are of other samples of the spikes; with the program's own
templates in their place the numbers must be the same. Exits with 1 where they are not.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from decisions.others import analyzer_of
from decisions.truth import Truth

from phygui import Session
from phygui.rankings.spikeinterface import SLAY, TEMPLATE_COSINE, X_CONTAMINATIONS

MOST_DIFFERENT = 1e-5
"""What rounding may make of the same numbers."""
ENOUGH = 100
"""Pairs of spikes in a correlogram from which SLAy's measure is compared."""


def compare(path: Path, shank: int, truth: Truth) -> bool:
    """Print the largest differences of one shank; returns whether all are rounding."""
    from spikeinterface.curation import auto_merge
    from spikeinterface.postprocessing.template_similarity import (
        compute_similarity_with_templates_array,
    )

    with Session.open(path, channel_group=shank, read_only=True) as session:
        session.learn_stats()
        sizes = {c: len(of) for c, of in session.spikes_per_cluster.items()}
        # The first of two units is the larger one.
        first = {c: session.spikes_per_cluster[c][0] for c in sizes}
        ids = sorted(sizes, key=lambda c: (-sizes[c], first[c]))
        summaries = [session.stats[c].summary for c in ids]
        specs = {spec.name: spec for spec in (TEMPLATE_COSINE, X_CONTAMINATIONS, SLAY)}
        found, seconds = {}, {}
        for name, spec in specs.items():
            spec.function(summaries[:2], summaries[:2])
            started = time.perf_counter()
            found[name] = spec.function(summaries, summaries)
            seconds[name] = time.perf_counter() - started
        session.close(discard=True)
    analyzer = analyzer_of(path, shank, truth, ids, sparse=True)
    analyzer.compute(["correlograms"])
    analyzer.compute("template_similarity", method="cosine", max_lag_ms=0.1)
    theirs = {"template cosine": analyzer.get_extension("template_similarity").get_data()}
    templates = np.stack([s.mean_waveform for s in summaries])
    near = np.stack([s.footprint for s in summaries])
    lag = int(0.1 * analyzer.sampling_frequency / 1000)

    def alike(method: str, lag: int = 0) -> np.ndarray:
        return compute_similarity_with_templates_array(
            templates, templates, method, num_shifts=lag, sparsity=near, other_sparsity=near
        )[0]

    params = auto_merge._default_step_params
    step = params["cross_contamination"]
    periods = step["censored_period_ms"], step["refractory_period_ms"]
    _, p_values = auto_merge.compute_cross_contaminations(
        analyzer, None, step["cc_thresh"], periods
    )
    step, l1 = params["slay_score"], alike("l1")
    gate = 1 - l1 < params["template_similarity"]["template_diff_thresh"]
    scores = auto_merge.compute_slay_matrix(analyzer, step["k1"], step["k2"], 1 - l1)
    same = {
        "template cosine": alike("cosine", lag),
        "x_contaminations": np.where(gate, p_values, 0),
        "slay": np.where(gate, np.clip(scores, 0, 1), 0),
    }
    # SLAy looks for peaks, which rounding moves where there is a handful of coincidences: it does
    # not agree with itself, for an array that lies elsewhere in memory.
    counts = analyzer.get_extension("correlograms").get_data()[0].sum(axis=2)
    for of in (found["slay"], same["slay"]):
        of[counts < ENOUGH] = 0
    upper, is_same = np.triu_indices(len(ids), 1), True
    for name, expected in same.items():
        off = np.abs(found[name] - expected)[upper].max()
        is_same &= bool(off <= MOST_DIFFERENT)
        words = f"{name}: {seconds[name]:.2f} s, largest difference {off:.1e}"
        if name in theirs:
            apart = np.abs(found[name] - theirs[name])[upper]
            words += f", with its own templates {np.median(apart):.3f} (median), {apart.max():.3f}"
        some = int((expected[upper] > 0).sum())
        print(f"    {words}; {some} of {len(upper[0])} pairs above 0", flush=True)
    return is_same


def main() -> int:
    """Compare all datasets; exit code 1 where numbers differ."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path, help="each with one dataset")
    import spikeinterface

    spikeinterface.set_global_job_kwargs(n_jobs=1, progress_bar=False)
    is_same = True
    for folder in parser.parse_args().folders:
        [path] = folder.glob("*.kwik")
        for stored in sorted(folder.glob("labels_*.npz")):
            shank, truth = int(stored.stem.split("_")[1]), Truth.read(stored)
            print(f"{folder}, shank {shank}", flush=True)
            is_same &= compare(path, shank, truth)
    print("the same" if is_same else "NOT THE SAME")
    return not is_same


if __name__ == "__main__":
    sys.exit(main())

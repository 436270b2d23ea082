"""What following the merge suggestions does to datasets of which the truth is known.

    python -m venv bench && bench/bin/pip install -e . -r benchmarks/requirements.txt
    bench/bin/python benchmarks/bench_decisions.py FOLDER ... [--no-others]

Each FOLDER holds one Kwik dataset, its raw data (`*.dat`) and, for every shank g, `labels_g.npz`:
`labels`, the clusters of the file; `units`, the true unit of each spike, -1 for none; and `roles`,
JSON of which the keys "a,b" are the pairs of clusters that are one unit. Where all values are
"real", a spike sorter made the clusters, else known mistakes were made on purpose.

A session is opened without a window, and what is suggested at the default is held against the
truth: precision, recall, and the mean accuracy of the units (their best one-to-one matching to the
clusters, by n_match / (n_a + n_b - n_match)) before, after accepting the best suggestion until none
is left, after accepting the whole list at once, and with the true pairs merged. Beside it, the same
for the five presets of SpikeInterface and for the cosine of its templates. Exits with 1 where a bar
is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from phygui import Session
from phygui.analysis import agreement, warm_up

Pair = frozenset[int]

ENOUGH_SPIKES = 50
"""Spikes of a true unit from which its accuracy counts."""
COSINE = 0.9
"""Least cosine of two templates for which they are merged, in the comparison."""
PRESETS = (
    "similarity_correlograms",
    "temporal_splits",
    "x_contaminations",
    "feature_neighbors",
    "slay",
)


@dataclass(frozen=True)
class Bars:
    """What a set is held to."""

    precision: float
    recall: float
    share_of_truth: float
    """Accuracy after accepting one by one, as a share of that with the true pairs merged."""


DERIVED, SORTED = Bars(0.95, 0.9, 0.97), Bars(0.8, 0.7, 0.0)


@dataclass(frozen=True)
class Truth:
    """What is known of the clusters of a shank."""

    labels: np.ndarray
    units: np.ndarray
    pairs: frozenset[Pair]
    bars: Bars

    @classmethod
    def read(cls, path: Path) -> Truth:
        with np.load(path) as stored:
            roles = json.loads(str(stored["roles"]))
            pairs = frozenset(frozenset(map(int, key.split(","))) for key in roles)
            made = not roles or set(roles.values()) != {"real"}
            return cls(stored["labels"], stored["units"], pairs, DERIVED if made else SORTED)

    def accuracy(self, labels: np.ndarray) -> float:
        """Mean accuracy of the units of enough spikes."""
        # Spikes of no unit are one more unit, which is not matched.
        found = agreement(self.units + 1, labels)
        table = np.zeros((len(found.ids_a), len(found.ids_b)))
        table[found.rows, found.columns] = found.jaccard
        table = table[(found.ids_a > 0) & (found.sizes_a >= ENOUGH_SPIKES)]
        return float(table[linear_sum_assignment(-table)].sum() / len(table))


def merged(labels: np.ndarray, pairs: list[tuple[int, ...]]) -> np.ndarray:
    """Labels with all that pairs join made one."""
    root = {int(c): int(c) for c in np.unique(labels)}

    def find(c: int) -> int:
        while root[c] != c:
            c = root[c]
        return c

    for first, *others in pairs:
        for other in others:
            root[find(other)] = find(first)
    table = np.arange(labels.max() + 1)
    for c in root:
        table[c] = find(c)
    return table[labels]


@dataclass
class Figures:
    """What was measured of one shank."""

    partner_first: float
    right: int
    suggested: int
    wanted: int
    before: float
    one_by_one: float
    at_once: float
    truth: float

    @property
    def precision(self) -> float:
        return self.right / self.suggested if self.suggested else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.wanted if self.wanted else 1.0

    def missed(self, bars: Bars, others: dict[str, float]) -> list[str]:
        """The bars that it is below."""
        best = max(others.values(), default=0.0)
        held = {
            "precision": self.precision >= bars.precision,
            "recall": self.recall >= bars.recall,
            "whole list": self.at_once >= self.before - 1e-9,
            "share of the truth": self.one_by_one >= bars.share_of_truth * self.truth - 1e-9,
            "best of the others": self.one_by_one >= best - 1e-9,
        }
        return [name for name, is_held in held.items() if not is_held]


def listed(session: Session) -> list[tuple[int, int]]:
    """All pairs that are suggested, best first."""
    return [s.clusters for s in session.suggestions.ranked(session.wizard.skips, limit=100_000)]


def search(session: Session) -> None:
    """Find out all that suggestions need; the metrics of the tables are not among it."""
    session.learn_stats()
    while job := session.suggestions.job():
        session.suggestions.add(job(lambda: False))


def measure(path: Path, shank: int, truth: Truth, verbose: bool = False) -> Figures:
    """Follow the suggestions of one shank."""
    with Session.open(path, channel_group=shank, journal=False) as session:
        assert np.array_equal(session.spike_clusters, truth.labels), "labels are of another file"
        started = time.perf_counter()
        search(session)
        first = listed(session)
        seconds = time.perf_counter() - started
        partners: dict[int, set[int]] = {}
        for a, b in truth.pairs:
            partners.setdefault(a, set()).add(b)
            partners.setdefault(b, set()).add(a)
        firsts = [session.knowledge.similar(c)[0][0] in of for c, of in partners.items()]
        if verbose:
            tell(session, truth)
        at_once = merged(truth.labels, list(first))
        started, n_merged = time.perf_counter(), 0
        while found := listed(session):
            if verbose:
                tell_merge(session, truth, found[0])
            session.merge(found[0])
            search(session)
            n_merged += 1
        each = (time.perf_counter() - started) / max(n_merged, 1)
        one_by_one = np.asarray(session.spike_clusters).copy()
        print(
            f"    {len(first)} suggestions in {seconds:.1f} s; {n_merged} merges accepted one by "
            f"one, {1000 * each:.0f} ms each",
            flush=True,
        )
        session.close(discard=True)
    return Figures(
        float(np.mean(firsts)) if firsts else 1.0,
        sum(frozenset(pair) in truth.pairs for pair in first),
        len(first),
        len(truth.pairs),
        truth.accuracy(truth.labels),
        truth.accuracy(one_by_one),
        truth.accuracy(at_once),
        truth.accuracy(merged(truth.labels, [tuple(pair) for pair in truth.pairs])),
    )


def tell_merge(session: Session, truth: Truth, pair: tuple[int, int]) -> None:
    """Print a merge of clusters of which most spikes are of different units."""
    units = [np.bincount(truth.units[session.spikes_per_cluster[c]] + 1) for c in pair]
    if units[0].argmax() != units[1].argmax() or 0 in (u.argmax() for u in units):
        sizes = [len(session.spikes_per_cluster[c]) for c in pair]
        shares = [f"unit {u.argmax() - 1} {u.max() / u.sum():.2f}" for u in units]
        evidence = session.suggestions.ranked(limit=1)[0].evidence
        print(f"    merged wrongly: {pair} {sizes} {shares} {evidence}")


def tell(session: Session, truth: Truth) -> None:
    """Print every pair that is suggested or should be, and its evidence."""
    known = session.suggestions.active._scores
    suggested = {frozenset(pair) for pair in listed(session)}
    for pair in sorted(suggested | truth.pairs, key=sorted):
        a, b = sorted(pair)
        verdict = ("wrong", "right", "missed")[
            (pair in truth.pairs) + (pair in truth.pairs and pair not in suggested)
        ]
        sizes = [len(session.spikes_per_cluster[c]) for c in (a, b)]
        similar = dict(session.knowledge.similar(a)).get(b, np.nan)
        evidence = known.get((a, b))
        words = "not looked at" if evidence is None else str(evidence)
        print(f"    {verdict:7s} {a} + {b} {sizes} similarity {similar:.3f} {words}")


# -- what others do with the same ------------------------------------------------------------------


def others(path: Path, shank: int, truth: Truth) -> dict[str, float]:
    """Mean accuracy after all merges of each preset of SpikeInterface, and of the cosine."""
    from spikeinterface.curation import compute_merge_unit_groups

    analyzer = _analyzer(path, shank, truth)
    accuracies = {}
    for preset in PRESETS:
        try:
            groups = compute_merge_unit_groups(analyzer, preset=preset, resolve_graph=True)
        except Exception as error:
            print(f"    {preset}: {type(error).__name__}: {error}")
            continue
        accuracies[preset] = truth.accuracy(
            merged(truth.labels, [tuple(map(int, g)) for g in groups])
        )
    analyzer.compute("template_similarity", method="cosine", max_lag_ms=0.1)
    values = analyzer.get_extension("template_similarity").get_data()
    a, b = np.nonzero(np.triu(values >= COSINE, 1))
    ids = np.asarray(analyzer.unit_ids)
    pairs = [(int(ids[i]), int(ids[j])) for i, j in zip(a, b, strict=True)]
    accuracies["cosine"] = truth.accuracy(merged(truth.labels, pairs))
    return accuracies


def _analyzer(path: Path, shank: int, truth: Truth) -> Any:
    """The same clusters and filtered raw data, as SpikeInterface has them."""
    import spikeinterface.full as si

    with Session.open(path, channel_group=shank, read_only=True) as session:
        of = session.shank
        samples, recordings = np.asarray(of.spike_samples), np.asarray(of.spike_recordings)
        channels, positions = np.asarray(of.channels), np.asarray(of.channel_positions)
        parts = of.timeline
        starts = np.asarray(parts.starts)
        n_raw = of.traces.shape[1]
        rate = of.sample_rate
    files = sorted(path.parent.glob("*.dat"))
    stored = si.read_binary(
        files, sampling_frequency=rate, dtype="int16", num_channels=n_raw, gain_to_uV=0.195,
        offset_to_uV=0.0,
    )  # fmt: skip
    stored = stored.select_channels(stored.channel_ids[channels])
    stored.set_dummy_probe_from_locations(positions)
    recording = si.bandpass_filter(stored, freq_min=500.0, freq_max=0.475 * rate, dtype="float32")
    within = samples.astype(np.int64) - starts[recordings]
    each = [recordings == k for k in range(recording.get_num_segments())]
    sorting = si.NumpySorting.from_samples_and_labels(
        [within[part] for part in each], [truth.labels[part] for part in each], rate
    )
    analyzer = si.create_sorting_analyzer(sorting, recording, sparse=len(channels) > 64)
    analyzer.compute("random_spikes", seed=0)
    analyzer.compute(["noise_levels", "waveforms", "templates"])
    return analyzer


# -- the report ------------------------------------------------------------------------------------


def report(folder: Path, with_others: bool, verbose: bool) -> list[str]:
    """Print the figures of the dataset in a folder; returns the bars that are missed."""
    [path] = folder.glob("*.kwik")
    missed = []
    for stored in sorted(folder.glob("labels_*.npz")):
        shank, truth = int(stored.stem.split("_")[1]), Truth.read(stored)
        name = f"{folder}, shank {shank}"
        print(f"{name}: {len(truth.labels):,d} spikes, {len(np.unique(truth.labels))} clusters")
        found = measure(path, shank, truth, verbose)
        accuracies = others(path, shank, truth) if with_others else {}
        print(
            f"    partner first {found.partner_first:.2f}, precision {found.precision:.2f} "
            f"({found.right} of {found.suggested}), recall {found.recall:.2f} "
            f"({found.right} of {found.wanted})\n"
            f"    accuracy before {found.before:.3f}, one by one {found.one_by_one:.3f}, "
            f"whole list {found.at_once:.3f}, truth {found.truth:.3f}"
        )
        if accuracies:
            print("    others: " + ", ".join(f"{k} {v:.3f}" for k, v in accuracies.items()))
        below = found.missed(truth.bars, accuracies)
        if below:
            print("    BELOW THE BAR: " + ", ".join(below))
        missed += [f"{name}: {bar}" for bar in below]
        sys.stdout.flush()
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
    warm_up()
    missed = []
    for folder in arguments.folders:
        missed += report(folder, not arguments.no_others, arguments.verbose)
    print("below the bar: " + "; ".join(missed) if missed else "every bar holds")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())

"""How good the ranking of matches is, on demo datasets whose units were over-split.

    python benchmarks/bench_wizard.py

For each of 20 datasets: is the true partner of a part of an over-split unit its first match, and
how many yes-or-no questions does an oracle need to be asked until nothing is over-split? The same
is measured for a ranking by the dot product of mean masks.

The questions come as the wizard puts them: the best clusters by decreasing number of spikes, each
with its first match that was not rejected yet; after a yes the merged cluster is the best one and
its first match comes next; after the last best cluster the first one again.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from phygui import KwikModel
from phygui.analysis import (
    drift_continuity,
    merge_score,
    merged_refractoriness,
    sample_spikes,
    similarity,
    summarize,
    warm_up,
)
from phygui.io.demo import make_demo

HOWS = ("amplitude", "drift", "position")
N_FEATURES, N_WAVEFORMS = 200, 60


@dataclass
class Data:
    """One dataset: its model, its clusters, and the pairs that are one unit."""

    model: KwikModel
    clusters: dict[int, np.ndarray]
    siblings: dict[frozenset[int], str]
    next_id: int = field(init=False)

    def __post_init__(self) -> None:
        self.next_id = max(self.clusters) + 1


class BySimilarity:
    """Ranks by `phygui.analysis.similarity`."""

    def __init__(self, data: Data, with_raw: bool) -> None:
        self._data, self._with_raw = data, with_raw
        self._summaries = {c: self._summary(c) for c in data.clusters}

    def _summary(self, cluster_id: int):
        model, spike_ids = self._data.model, self._data.clusters[cluster_id]
        some = sample_spikes(spike_ids, N_FEATURES)
        waveforms = None
        if self._with_raw:
            waveforms = model.waveforms[sample_spikes(spike_ids, N_WAVEFORMS)]
        return summarize(model.features[some], model.masks[some], waveforms)

    def scores(self, best: int, others: list[int]) -> np.ndarray:
        for cluster_id in (best, *others):
            if cluster_id not in self._summaries:
                self._summaries[cluster_id] = self._summary(cluster_id)
        return similarity([self._summaries[best]], [self._summaries[c] for c in others])[0]


class ByMeanMasks:
    """Ranks by the dot product of mean masks."""

    def __init__(self, data: Data) -> None:
        self._data = data
        self._means: dict[int, np.ndarray] = {}

    def _mean(self, cluster_id: int) -> np.ndarray:
        if cluster_id not in self._means:
            some = sample_spikes(self._data.clusters[cluster_id], N_FEATURES)
            self._means[cluster_id] = np.asarray(self._data.model.masks[some]).mean(axis=0)
        return self._means[cluster_id]

    def scores(self, best: int, others: list[int]) -> np.ndarray:
        return np.array([self._mean(best) @ self._mean(c) for c in others])


def first_match_hits(data: Data, ranking) -> dict[str, list[bool]]:
    """For each way of over-splitting, whether the first match of each part is the other part."""
    hits: dict[str, list[bool]] = {how: [] for how in HOWS}
    for pair, how in data.siblings.items():
        for one in pair:
            others = [c for c in data.clusters if c != one]
            first = others[int(np.argmax(ranking.scores(one, others)))]
            hits[how].append(first in pair)
    return hits


def questions(data: Data, make_ranking: Callable[[Data], object]) -> int:
    """Questions until every over-split unit is one cluster."""
    mine = Data(data.model, dict(data.clusters), dict(data.siblings))
    ranking = make_ranking(mine)
    rejected: set[frozenset[int]] = set()
    asked = 0
    while mine.siblings:
        queue = sorted(mine.clusters, key=lambda c: (-len(mine.clusters[c]), c))
        for best in queue:
            while best in mine.clusters and mine.siblings:
                others = [
                    c for c in mine.clusters if c != best and frozenset((best, c)) not in rejected
                ]
                if not others:
                    break
                match = others[int(np.argmax(ranking.scores(best, others)))]
                pair = frozenset((best, match))
                asked += 1
                if pair not in mine.siblings:
                    rejected.add(pair)
                    break
                del mine.siblings[pair]
                spikes = np.concatenate([mine.clusters.pop(best), mine.clusters.pop(match)])
                best, mine.next_id = mine.next_id, mine.next_id + 1
                mine.clusters[best] = np.sort(spikes)
    return asked


def suggestions(data: Data, ranking: BySimilarity, n_candidates: int = 5) -> float:
    """Of as many merge suggestions as there are over-split units, the share that is right."""
    model, rate = data.model, data.model.sample_rate
    samples = np.asarray(model.spike_samples)
    scored: dict[frozenset[int], float] = {}
    for one in data.clusters:
        others = [c for c in data.clusters if c != one]
        scores = ranking.scores(one, others)
        for k in np.argsort(-scores)[:n_candidates]:
            pair = frozenset((one, others[k]))
            if pair in scored:
                continue
            a, b = (data.clusters[c] for c in pair)
            dip = merged_refractoriness(samples[a], samples[b], rate)
            some = [sample_spikes(s, N_FEATURES) for s in (a, b)]
            n_per_channel = model.n_features_per_channel
            times = [samples[s] / rate for s in some]
            masked = [
                model.features[s] * np.repeat(model.masks[s], n_per_channel, axis=1) for s in some
            ]
            going_on = drift_continuity(times[0], masked[0], times[1], masked[1])
            scored[pair] = merge_score(float(scores[k]), dip, going_on).score
    best = sorted(scored, key=lambda pair: -scored[pair])[: len(data.siblings)]
    return float(np.mean([pair in data.siblings for pair in best]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--datasets", type=int, default=20)
    parser.add_argument("--spikes", type=int, default=20_000)
    parser.add_argument("--clusters", type=int, default=30)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--no-raw", action="store_true", help="features alone, no raw data")
    arguments = parser.parse_args()
    warm_up()
    raw = None if arguments.no_raw else "dat"
    rankings = {
        "similarity": lambda data: BySimilarity(data, with_raw=raw is not None),
        "mean masks": ByMeanMasks,
    }
    hits = {name: {how: [] for how in HOWS} for name in rankings}
    asked = dict.fromkeys(rankings, 0)
    suggested = []
    start = time.perf_counter()
    for k in range(arguments.datasets):
        with tempfile.TemporaryDirectory() as folder:
            demo = make_demo(
                folder,
                n_spikes=arguments.spikes,
                n_clusters=arguments.clusters,
                oversplit=HOWS * 2,
                raw=raw,
                seed=arguments.first_seed + k,
            )
            model = KwikModel(demo.kwik_path)
            clusters = np.asarray(model.spike_clusters)
            data = Data(
                model,
                {int(c): np.flatnonzero(clusters == c) for c in np.unique(clusters)},
                {frozenset((a, b)): how for a, b, how in demo.truth[0].siblings},
            )
            for name, make in rankings.items():
                ranking = make(data)
                for how, found in first_match_hits(data, ranking).items():
                    hits[name][how] += found
                asked[name] += questions(data, make)
            suggested.append(suggestions(data, BySimilarity(data, raw is not None)))
            model.close()
    print(
        f"{arguments.datasets} demo datasets, {arguments.clusters} clusters of which "
        f"{4 * len(HOWS)} are halves of over-split units, "
        f"{'features alone' if raw is None else 'features and raw data'}"
    )
    for name in rankings:
        every = [hit for found in hits[name].values() for hit in found]
        detail = ", ".join(
            f"{how} {100 * np.mean(found):.1f}%" for how, found in hits[name].items()
        )
        print(f"first match right, by {name}: {100 * np.mean(every):.1f}% ({detail})")
    ratio = asked["similarity"] / asked["mean masks"]
    print(
        f"questions to the oracle: {asked['similarity']} by similarity, {asked['mean masks']} by "
        f"mean masks (ratio {ratio:.2f})"
    )
    print(f"merge suggestions at the top that are right: {100 * np.mean(suggested):.1f}%")
    print(f"in {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()

"""How good the wizard's ranking of matches is, on demo datasets whose units were over-split.

    python benchmarks/bench_wizard.py

For each of 20 datasets: is the true partner of a part of an over-split unit its first match, and
how many yes-or-no questions does an oracle need to be asked until nothing is over-split? The same
is measured for a ranking by the dot product of mean masks.

A session is driven as the window drives it. Its wizard proposes the best cluster with its first
match; the oracle says yes, and they are merged, or no, and the next best cluster comes, after the
last one the first one again. A match that the oracle has turned down already is passed over by
going to the next match, and is no question. Nor is a cluster asked about twice in one round: a
merged one may stand higher in the table, and the walk comes down from there again. Statistics are
brought up to date after every merge, as the window does in the background.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from phygui import Session
from phygui.analysis import sample_spikes, warm_up
from phygui.curation.navigation.wizard import Ranking
from phygui.simulate import make_demo

HOWS = ("amplitude", "drift", "position")
N_SPIKES_MASKS = 200

Pair = frozenset[int]
Prepare = Callable[[Session], None]


def by_similarity(session: Session) -> None:
    """Leave the wizard as it is."""


def by_mean_masks(session: Session) -> None:
    """Let the wizard rank matches by the dot product of mean masks."""
    means: dict[int, np.ndarray] = {}

    def mean(cluster_id: int) -> np.ndarray:
        if cluster_id not in means:
            some = sample_spikes(session.spikes_per_cluster[cluster_id], N_SPIKES_MASKS)
            means[cluster_id] = np.asarray(session.model.masks[some]).mean(axis=0)
        return means[cluster_id]

    def similar(cluster_id: int) -> Ranking:
        others = [int(c) for c in session.cluster_ids if c != cluster_id]
        scored = [(c, float(mean(cluster_id) @ mean(c))) for c in others]
        return sorted(scored, key=lambda pair: -pair[1])

    session.wizard.similar = similar


@contextmanager
def opened(path: Path, prepare: Prepare) -> Iterator[Session]:
    """A session that knows all about its clusters, with matches ranked in one of the ways."""
    with Session.open(path, journal=False, read_only=False) as session:
        prepare(session)
        session.learn_all()
        yield session
        session.close(discard=True)


def first_match_hits(session: Session, siblings: dict[Pair, str]) -> dict[str, list[bool]]:
    """For each way of over-splitting, whether the first match of each part is the other part."""
    hits: dict[str, list[bool]] = {how: [] for how in HOWS}
    for pair, how in siblings.items():
        for one in pair:
            (match,) = session.wizard.with_first_match(one).match
            hits[how].append(match in pair)
    return hits


def questions(session: Session, siblings: dict[Pair, str]) -> int:
    """Questions until every over-split unit is one cluster."""
    to_merge, turned_down = set(siblings), set[Pair]()
    in_this_round: set[tuple[int, ...]] = set()
    asked = 0
    session.first_best()
    while to_merge:
        best = session.selection.best
        pair = frozenset(session.selected)
        while pair in turned_down and best not in in_this_round:
            session.next_match()
            if frozenset(session.selected) == pair:
                break
            pair = frozenset(session.selected)
        if len(pair) == 2 and pair not in turned_down and best not in in_this_round:
            asked += 1
            if pair in to_merge:
                to_merge.remove(pair)
                session.merge()
                session.learn_all()
                continue
            turned_down.add(pair)
        in_this_round.add(best)
        session.next_best()
        if session.selection.best == best:
            in_this_round.clear()
            session.first_best()
    return asked


def suggestions(session: Session, siblings: dict[Pair, str]) -> float:
    """Of as many merge suggestions as there are over-split units, the share that is right."""
    session.suggest_all()
    ranked = session.suggestions.ranked(limit=len(siblings))
    return float(np.mean([frozenset(s.clusters) in siblings for s in ranked]))


def main() -> int:
    """Print the figures; exit code 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--datasets", type=int, default=20)
    parser.add_argument("--spikes", type=int, default=20_000)
    parser.add_argument("--clusters", type=int, default=30)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--no-raw", action="store_true", help="features alone, no raw data")
    arguments = parser.parse_args()
    warm_up()
    raw = None if arguments.no_raw else "dat"
    rankings: dict[str, Prepare] = {"similarity": by_similarity, "mean masks": by_mean_masks}
    hits: dict[str, dict[str, list[bool]]] = {n: {how: [] for how in HOWS} for n in rankings}
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
            siblings = {frozenset((a, b)): how for a, b, how in demo.truth[0].siblings}
            for name, prepare in rankings.items():
                with opened(demo.kwik_path, prepare) as session:
                    for how, found in first_match_hits(session, siblings).items():
                        hits[name][how] += found
                    if prepare is by_similarity:
                        suggested.append(suggestions(session, siblings))
                    asked[name] += questions(session, siblings)
    print(
        f"{arguments.datasets} demo datasets, {arguments.clusters} clusters of which "
        f"{4 * len(HOWS)} are halves of over-split units, "
        f"{'features alone' if raw is None else 'features and raw data'}"
    )
    right = {}
    for name in rankings:
        every = [hit for found in hits[name].values() for hit in found]
        right[name] = float(np.mean(every))
        detail = ", ".join(
            f"{how} {100 * np.mean(found):.1f}%" for how, found in hits[name].items()
        )
        print(f"first match right, by {name}: {100 * right[name]:.1f}% ({detail}), bar 95%")
    ratio = asked["similarity"] / asked["mean masks"]
    print(
        f"questions to the oracle: {asked['similarity']} by similarity, {asked['mean masks']} by "
        f"mean masks: ratio {ratio:.2f}, bar 0.5"
    )
    print(f"merge suggestions at the top that are right: {100 * np.mean(suggested):.1f}%")
    print(f"in {time.perf_counter() - start:.0f} s")
    return 0 if right["similarity"] >= 0.95 and ratio <= 0.5 else 1


if __name__ == "__main__":
    sys.exit(main())

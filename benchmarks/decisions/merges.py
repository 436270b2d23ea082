"""Following the merge suggestions of a dataset of which the truth is known."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from decisions.others import others
from decisions.truth import Bars, Truth, merged
from phygui import Session


@dataclass
class Figures:
    """What was measured of one shank."""

    partner_first: float
    right: int
    listed: int
    """Of the pairs that are wanted, those in the list; right ones may be fragments beside them."""
    found: int
    """Of the pairs that are wanted, those that the whole list makes one, by whichever pairs."""
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
        return self.found / self.wanted if self.wanted else 1.0

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


def judge(path: Path, shank: int, truth: Truth, with_others: bool, verbose: bool) -> list[str]:
    """Print what the merge suggestions of a shank are worth; returns the bars that are missed."""
    found = measure(path, shank, truth, verbose)
    accuracies = others(path, shank, truth) if with_others else {}
    print(
        f"    partner first {found.partner_first:.2f}, precision {found.precision:.2f} "
        f"({found.right} of {found.suggested}), recall {found.recall:.2f} "
        f"({found.found} of {found.wanted}, {found.listed} of them listed)\n"
        f"    accuracy before {found.before:.3f}, one by one {found.one_by_one:.3f}, "
        f"whole list {found.at_once:.3f}, truth {found.truth:.3f}"
    )
    if accuracies:
        print("    others: " + ", ".join(f"{k} {v:.3f}" for k, v in accuracies.items()))
    below = found.missed(truth.bars, accuracies)
    if below:
        print("    BELOW THE BAR: " + ", ".join(below))
    return below


def listed(session: Session) -> list[tuple[int, int]]:
    """All pairs that are suggested, best first."""
    return [s.clusters for s in session.suggestions.ranked(session.wizard.skips, limit=100_000)]


def accept(session: Session) -> np.ndarray:
    """Make the best merge that is suggested, as the window does; returns spikes set aside by it."""
    best = session.suggestions.ranked(session.wizard.skips, limit=1)[0]
    update = session.merge(best.clusters, without_doubles=bool(best.evidence.n_doubles))
    _, *others = update.added
    return np.concatenate([np.empty(0, np.int64), *(update.after[c] for c in others)])


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
        started, n_merged, aside = time.perf_counter(), 0, []
        while found := listed(session):
            if verbose:
                tell_merge(session, truth, found[0])
            aside.append(accept(session))
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
        sum(truth.is_right(frozenset(pair)) for pair in first),
        sum(frozenset(pair) in truth.pairs for pair in first),
        sum(len(np.unique(at_once[np.isin(truth.labels, list(p))])) == 1 for p in truth.pairs),
        len(first),
        len(truth.pairs),
        truth.accuracy(truth.labels),
        truth.accuracy(one_by_one, np.concatenate(aside) if aside else None),
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
        verdict = "missed"
        if pair in suggested:
            verdict = "right" if truth.is_right(pair) else "wrong"
        sizes = [len(session.spikes_per_cluster[c]) for c in (a, b)]
        similar = dict(session.knowledge.similar(a)).get(b, np.nan)
        evidence = known.get((a, b))
        words = "not looked at" if evidence is None else str(evidence)
        print(f"    {verdict:7s} {a} + {b} {sizes} similarity {similar:.3f} {words}")

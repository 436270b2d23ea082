"""Following the suggestions on what a spike sorter detected and clustered itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from decisions.merges import listed, search
from decisions.truth import mean_of_best
from phygui import Session

TOLERANCE = 10
"""Samples between a true spike and the one detected for it, at most."""
BAR = 0.785
"""Mean accuracy that following should reach."""


@dataclass(frozen=True)
class Followed:
    """Mean accuracy of the true units."""

    before: float
    after: float
    splits: tuple[int, ...]
    """Clusters whose split was accepted."""
    merges: tuple[tuple[int, int], ...]


def accuracy(session: Session, samples: np.ndarray, units: np.ndarray) -> float:
    """Mean accuracy of true units, each with the cluster that suits it best, one to one."""
    spikes = np.asarray(session.shank.spike_samples).astype(np.int64)
    clusters = list(session.spikes_per_cluster)
    ids = np.unique(units)
    table = np.zeros((len(ids), len(clusters)))
    for row, unit in enumerate(ids):
        true = samples[units == unit]
        for column, cluster in enumerate(clusters):
            own = spikes[session.spikes_per_cluster[cluster]]
            n = n_matches(true, own)
            table[row, column] = n / (len(true) + len(own) - n)
    return mean_of_best(table)


def n_matches(a: np.ndarray, b: np.ndarray) -> int:
    """Spikes of one train that have one of the other within the tolerance, each used once."""
    n = i = j = 0
    while i < len(a) and j < len(b):
        lag = int(a[i]) - int(b[j])
        if abs(lag) <= TOLERANCE:
            n, i, j = n + 1, i + 1, j + 1
        elif lag < 0:
            i += 1
        else:
            j += 1
    return n


def truth_of(path: Path) -> Path:
    """Where the true spikes of a dataset are, if anywhere."""
    return path.with_suffix(".ground_truth.npz")


def judge(path: Path) -> list[str]:
    """Print how far the suggestions lead; returns the bar if it is missed."""
    found = follow(path)
    print(
        f"    splits {found.splits} and merges {found.merges} accepted: accuracy "
        f"{found.before:.3f}, then {found.after:.3f}"
    )
    return [] if found.after >= BAR else ["accuracy of the true units"]


def follow(path: Path) -> Followed:
    """Accept every split that is suggested, then every merge, the best one first."""
    with np.load(truth_of(path)) as truth:
        order = np.argsort(truth["samples"], kind="stable")
        samples, units = truth["samples"][order], truth["units"][order]
    with Session.open(path, journal=False) as session:
        before = accuracy(session, samples, units)
        search(session)
        splits, merges = [], []
        session.suggestions.suggest_splits()
        for suggestion in session.suggestions.ranked_splits(session.wizard.skips):
            splits.append(suggestion.cluster)
            session.split_into(suggestion.parts)
        search(session)
        while pairs := listed(session):
            merges.append(pairs[0])
            session.merge(pairs[0])
            search(session)
        after = accuracy(session, samples, units)
        session.close(discard=True)
    return Followed(before, after, tuple(splits), tuple(merges))

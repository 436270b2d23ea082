"""Whether the quality of clusters, by which a dataset opens, tells which of them are right."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from decisions.truth import DERIVED, Truth
from phygui import Session
from phygui.analysis import agreement

LEAST = 0.6
"""Correlation with the accuracy of clusters to reach where mistakes were made on purpose."""


@dataclass
class QualityFigures:
    """Spearman's correlation with the accuracy of the clusters, over those of one shank."""

    quality: float
    snr: float
    metrics_alone: float
    """Of the quality before the partners of clusters are known."""
    size: float
    """Of the amplitude, less for contamination: what ranked clusters in earlier versions."""

    def missed(self, truth: Truth) -> list[str]:
        """The bars that it is below."""
        held = {
            "quality against accuracy": truth.bars != DERIVED or self.quality >= LEAST,
            "quality better than SNR": self.quality > self.snr,
        }
        return [name for name, is_held in held.items() if not is_held]

    def __str__(self) -> str:
        return (
            f"quality against accuracy {self.quality:+.2f}, by metrics alone "
            f"{self.metrics_alone:+.2f}, SNR {self.snr:+.2f}, size and purity {self.size:+.2f}"
        )


def accuracies(truth: Truth) -> dict[int, float]:
    """Of every cluster, its best agreement with any true unit."""
    # Spikes of no unit are one more unit, which does not count.
    found = agreement(truth.units + 1, truth.labels)
    table = np.zeros((len(found.ids_a), len(found.ids_b)))
    table[found.rows, found.columns] = found.jaccard
    best = table[found.ids_a > 0].max(axis=0)
    return dict(zip(found.ids_b.tolist(), best.tolist(), strict=True))


def measure_quality(path: Path, shank: int, truth: Truth) -> QualityFigures:
    """Rank the clusters of one shank as they are."""
    accuracy = accuracies(truth)
    with Session.open(path, channel_group=shank, read_only=True) as session:
        session.learn_all()
        clusters = session.cluster_ids.tolist()
        metrics = session.metrics
        alone = [session.knowledge.quality(c) for c in clusters]
        session.suggest_all()
        quality = [session.knowledge.quality(c) for c in clusters]
        # Where there is no SNR, there are too few spikes.
        snr = [np.nan_to_num(metrics[c]["snr"].value) for c in clusters]
        size = [
            session.stats[c].size
            * session.stats[c].summary.n_spikes
            / (session.stats[c].summary.n_spikes + 50)
            * max(1 - np.nan_to_num(metrics[c]["contamination_llobet"].value), 0.05)
            for c in clusters
        ]
        session.close(discard=True)
    truths = [accuracy[c] for c in clusters]
    return QualityFigures(*(float(spearmanr(v, truths)[0]) for v in (quality, snr, alone, size)))


def judge(path: Path, shank: int, truth: Truth) -> list[str]:
    """Print the figures of one shank; returns the bars that are missed."""
    found = measure_quality(path, shank, truth)
    missed = found.missed(truth)
    print(f"    {found}" + (f"\n    BELOW THE BAR: {', '.join(missed)}" if missed else ""))
    return missed

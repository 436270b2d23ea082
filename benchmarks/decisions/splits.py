"""Split suggestions for a dataset some of whose units were joined with their neighbours."""

from __future__ import annotations

import math
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from decisions.truth import DERIVED, ENOUGH_SPIKES, Truth
from phygui import Session
from phygui.curation.suggestions.splitting.splits import SplitSuggestion

REACH_UM = 100.0
"""Distance of their best channels up to which units are neighbours."""
SHARE_JOINED = 1 / 3
"""Units that are joined with their nearest neighbour, each with one of its own."""
BARS = {"proposed": 2 / 3, "false": 0.1, "purity": 0.95}
"""Least share of joined units that is proposed, most of clean ones, least purity of the parts."""


@dataclass
class SplitFigures:
    """What was measured of one shank, or of several."""

    joined: int = 0
    """Clusters that are two units."""
    found: int = 0
    """Those of them that are suggested."""
    clean: int = 0
    """Clusters that are one unit."""
    wrong: int = 0
    """Those of them that are suggested."""
    purities: list[float] = field(default_factory=list)
    """Of the parts of each that was rightly suggested: share of spikes of their part's unit."""
    seconds: float = 0.0

    @property
    def purity(self) -> float:
        return float(np.mean(self.purities)) if self.purities else 1.0

    def count(self, kind: str, purity: float | None) -> None:
        """Count a cluster, and the purity of its parts if it is suggested."""
        if kind == "joined":
            self.joined += 1
            self.found += purity is not None
            self.purities += [] if purity is None else [purity]
        else:
            self.clean += 1
            self.wrong += purity is not None

    def missed(self) -> list[str]:
        """The bars that it is below."""
        held = {
            "joined units proposed": self.found >= BARS["proposed"] * self.joined,
            "clean clusters proposed": self.wrong <= BARS["false"] * self.clean,
            "purity of the parts": self.purity >= BARS["purity"],
        }
        return [name for name, is_held in held.items() if not is_held]

    def __str__(self) -> str:
        return (
            f"splits: {self.found} of {self.joined} joined units proposed, {self.wrong} of "
            f"{self.clean} clean ones, purity {self.purity:.3f}, {self.seconds:.1f} s"
        )


def joined(
    units: np.ndarray,
    means: dict[int, np.ndarray],
    positions: np.ndarray,
    seed: int = 0,
) -> list[tuple[int, int]]:
    """Pairs of units: a third of them, drawn at random, each with the nearest that is still free.

    That is the one of the nearest mean features among those whose best channel is within reach:
    nobody would join others.

    Parameters
    ----------
    units : array of int (n_spikes,)
        Unit of each spike, negative for none.
    means : dict of int to array (n_channels, n_features)
        Mean masked features of each unit.
    positions : array (n_channels, 2)
        Of the channels, micrometres.
    seed : int
    """
    distance = math.dist
    places = {u: positions[np.linalg.norm(of, axis=1).argmax()] for u, of in means.items()}
    rng = np.random.default_rng(seed)
    counts = {u: int((units == u).sum()) for u in means}
    free = [u for u, n in counts.items() if n >= ENOUGH_SPIKES]
    pairs = []
    for unit in rng.permutation(free)[: round(SHARE_JOINED * len(free))].tolist():
        others = [u for u in free if u != unit and distance(places[u], places[unit]) <= REACH_UM]
        if unit not in free or not others:
            continue
        distances = [np.linalg.norm(means[unit] - means[u]) for u in others]
        other = others[int(np.argmin(distances))]
        pairs.append((unit, other))
        free = [u for u in free if u not in (unit, other)]
    return pairs


def measure_splits(
    path: Path, shank: int, truth: Truth, seed: int = 0, verbose: bool = False
) -> SplitFigures:
    """Join units of one shank of a copy of a dataset, and see which clusters are suggested."""
    with (
        tempfile.TemporaryDirectory(prefix="splits-") as folder,
        Session.open(_copy(path, Path(folder)), channel_group=shank, journal=False) as session,
    ):
        units = truth.units
        positions = np.asarray(session.shank.channel_positions)
        pairs = joined(units, dict(_means(session, units)), positions, seed)
        labels = units.copy()
        for a, b in pairs:
            labels[units == b] = a
        found = SplitFigures()
        # Every unit is a clean cluster first, then some of them are joined.
        for clusters, kind in ((units, "clean"), (labels, "joined")):
            session.assign(np.arange(len(units)), clusters)
            session.learn_stats()
            started = time.perf_counter()
            session.suggest_splits()
            found.seconds += time.perf_counter() - started
            suggested = {s.cluster: s for s in session.suggestions.ranked_splits(limit=100_000)}
            wanted = {a for a, _ in pairs} if kind == "joined" else set(units[units >= 0].tolist())
            for cluster_id, spikes in session.spikes_per_cluster.items():
                if int(clusters[spikes[0]]) not in wanted or len(spikes) < ENOUGH_SPIKES:
                    continue
                of = suggested.get(cluster_id)
                found.count(kind, None if of is None else purity(units[spikes], of.parts.labels))
                if verbose and (of is None) == (kind == "joined"):
                    of_units = np.unique(units[spikes], return_counts=True)
                    _tell(cluster_id, kind, of_units, of)
        session.close(discard=True)
    return found


def _copy(path: Path, folder: Path) -> Path:
    """A dataset of which the clusters may be changed: a copied Kwik file beside the other data."""
    for source in path.parent.iterdir():
        if source.is_file() and source != path:
            (folder / source.name).symlink_to(source.resolve())
    return Path(shutil.copyfile(path, folder / path.name))


def purity(units: np.ndarray, labels: np.ndarray) -> float:
    """Share of the spikes that are in a part most of whose spikes are of their unit."""
    right = sum(np.bincount(units[labels == k]).max() for k in range(labels.max() + 1))
    return float(right / len(units))


def _means(session: Session, units: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    features = session.shank.features
    assert features is not None
    for unit in np.unique(units[units >= 0]).tolist():
        spikes = np.flatnonzero(units == unit)
        some = spikes[:: max(1, len(spikes) // 300)].astype(np.int64)
        values, masks = features.read(some)
        yield unit, (values * masks[:, :, None]).mean(axis=0)


def _tell(
    cluster_id: int,
    kind: str,
    of_units: tuple[np.ndarray, np.ndarray],
    suggested: SplitSuggestion | None,
) -> None:
    """Print a joined cluster that is not suggested, or a clean one that is."""
    words = "not suggested"
    if suggested is not None:
        words = f"{suggested.evidence.score:.3f} {suggested.evidence.in_words()}"
    units, counts = of_units
    print(f"    {kind} cluster {cluster_id}, units {units.tolist()} {counts.tolist()}: {words}")


def judge(path: Path, shank: int, truth: Truth, verbose: bool = False) -> list[str]:
    """Print the figures of one shank; returns the bars that are missed."""
    if truth.bars != DERIVED:
        # What a sorter made holds mistakes of its own: nobody knows which clusters are one unit.
        return []
    found = measure_splits(path, shank, truth, verbose=verbose)
    below = found.missed()
    print(f"    {found}")
    if below:
        print("    BELOW THE BAR: " + ", ".join(below))
    return below

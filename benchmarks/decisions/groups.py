"""Which clusters of a dataset of which the truth is known are candidates for noise and MUA."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from decisions.truth import Truth
from phygui import Session

GOOD = 0.9
"""Share of the spikes of a cluster that are of one unit from which on it is good."""


@dataclass
class GroupFigures:
    """What was measured of one shank."""

    n_noise: int
    """Clusters of which most spikes are of no unit."""
    noise_found: int
    n_good: int
    good_listed: int
    """Good clusters that are candidates for anything."""
    mua_listed: int
    mua_right: int
    """Candidates for MUA that are neither good nor noise."""
    n_mixed: int
    """Clusters that are neither good nor noise."""

    def __str__(self) -> str:
        return (
            f"groups: {self.noise_found} of {self.n_noise} noise clusters found, "
            f"{self.good_listed} of {self.n_good} good ones listed; "
            f"{self.mua_right} of {self.mua_listed} candidates for MUA right, "
            f"{self.n_mixed} mixed clusters"
        )

    def missed(self) -> list[str]:
        """The bars that it is below."""
        held = {
            "noise clusters": self.noise_found == self.n_noise,
            "good units among the candidates": not self.good_listed,
        }
        return [name for name, is_held in held.items() if not is_held]


def measure_groups(path: Path, shank: int, truth: Truth, verbose: bool = False) -> GroupFigures:
    """Hold the candidates of one shank, none of its clusters decided, against the truth."""
    with Session.open(path, channel_group=shank, journal=False) as session:
        assert np.array_equal(session.spike_clusters, truth.labels), "labels are of another file"
        session.move(session.cluster_ids, "unsorted")
        session.learn_all()
        listed = {c.cluster_id: c for c in session.suggestions.group_candidates()}
        noise, good = set(), set()
        for cluster_id, spikes in session.spikes_per_cluster.items():
            units, counts = np.unique(truth.units[spikes], return_counts=True)
            most = int(counts.argmax())
            if units[most] < 0:
                noise.add(cluster_id)
            elif counts[most] >= GOOD * len(spikes):
                good.add(cluster_id)
            if verbose and (cluster_id in listed or cluster_id in noise):
                of = listed.get(cluster_id)
                print(
                    f"    {'noise' if cluster_id in noise else 'good ' * (cluster_id in good)} "
                    f"cluster {cluster_id}, {len(spikes)} spikes, unit {units[most]} "
                    f"{counts[most] / len(spikes):.2f}: "
                    + (f"{of.group}, {of.in_words()}" if of else "no candidate")
                )
        session.close(discard=True)
    mua = {c for c, of in listed.items() if of.group == "mua"}
    found = {c for c, of in listed.items() if of.group == "noise"} & noise
    return GroupFigures(
        len(noise),
        len(found),
        len(good),
        len(good & set(listed)),
        len(mua),
        len(mua - good - noise),
        len(np.unique(truth.labels)) - len(good) - len(noise),
    )


def judge(path: Path, shank: int, truth: Truth, verbose: bool = False) -> list[str]:
    """Print the figures of one shank; returns the bars that are missed."""
    found = measure_groups(path, shank, truth, verbose)
    below = found.missed()
    print(f"    {found}")
    if below:
        print("    BELOW THE BAR: " + ", ".join(below))
    return below

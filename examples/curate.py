"""Curate from a script: merge similar clusters where the merged train keeps its refractory period.

    python examples/curate.py [FILE ...]

Each FILE is a dataset of any format. Without one, it works on a small simulated recording in a
temporary folder. Clusters that somebody has called Noise are left alone; so is every pair that is
less similar than SIMILARITY. Nothing that was decided before is undone, and the first save keeps
the file as it was beside it.
"""

from __future__ import annotations

import sys
import tempfile

from phygui import Session
from phygui.analysis import refractory_violations
from phygui.simulate import make_demo

SIMILARITY = 0.4
"""Pairs less similar than this are not merged; parts of one unit come near one half or above."""
VIOLATIONS = 0.01
"""Share of the spikes of a merged cluster that may violate the refractory period of 2 ms."""


def violations(session: Session, cluster_id: int) -> float:
    """Share of the spikes of a cluster that come too soon after the one before."""
    train = session.spike_train_samples(cluster_id)
    return refractory_violations(train, session.shank.sample_rate).rate


def merge_with_partner(session: Session, cluster_id: int) -> bool:
    """Merge a cluster with the one most similar to it, if the two look like one unit."""
    candidates = [
        (other, similarity)
        for other, similarity in session.similar(cluster_id)
        if session.group_of(other) != "noise"
    ]
    if not candidates or candidates[0][1] < SIMILARITY:
        return False
    other, similarity = candidates[0]
    update = session.merge([cluster_id, other])
    rate = violations(session, update.added[0])
    print(f"{update.description}: similarity {similarity:.2f}, {rate:.2%} violate", end="")
    if rate > VIOLATIONS:
        session.undo()
        print(", taken back", end="")
    print()
    return rate <= VIOLATIONS


def curate(path: str) -> None:
    """Merge what should be merged in one dataset, and save it."""
    with Session.open(path) as session:
        session.learn_all()
        merged = True
        while merged:
            living = [c for c in session.cluster_ids.tolist() if session.group_of(c) != "noise"]
            merged = any(merge_with_partner(session, cluster_id) for cluster_id in living)
            session.learn_all()
        print(f"{session.path.name}: {session.n_clusters} clusters")
        for saved in session.save():
            print(f"saved {saved.n_edits} edits to {saved.path}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        for path in sys.argv[1:]:
            curate(path)
    else:
        with tempfile.TemporaryDirectory() as folder:
            curate(str(make_demo(folder, n_spikes=5_000, n_clusters=10, duration=30.0).kwik_path))

"""Curate from a script: merge the most similar clusters that keep their refractory period.

    python examples/curate.py [FILE.kwik]

Without a file, it works on a small simulated recording in a temporary folder.
"""

from __future__ import annotations

import sys
import tempfile

from phygui import Session
from phygui.analysis import refractory_violations
from phygui.simulate import make_demo

REFRACTORY_S = 0.002


def main(path: str) -> None:
    with Session.open(path) as session:
        session.learn_all()
        session.first_best()
        best, ranking = session.selection.best[0], session.similar()
        other, similarity = ranking[0]
        print(f"most similar to {best}: {other} ({similarity:.2f})")

        session.merge([best, other])
        merged = session.selection.best[0]
        samples = session.model.spike_samples[session.spikes_per_cluster[merged]]
        rate = refractory_violations(samples, session.model.sample_rate, REFRACTORY_S).rate
        print(f"{merged} has {len(samples)} spikes, {rate:.2%} of them violate")
        if rate > 0.01:
            print(session.undo().description, "... undone")
        else:
            session.move([merged], "good")
        for saved in session.save():
            print(f"saved {saved.n_edits} edits to {saved.path}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(str(make_demo(folder, n_spikes=5_000, n_clusters=10, duration=30.0).kwik_path))

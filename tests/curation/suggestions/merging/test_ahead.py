"""Pairs that go together: what better ones would make of two clusters is weighed."""

from __future__ import annotations

from pathlib import Path

import pytest

from phygui import Session
from phygui.analysis import Coincidences, merge_score
from phygui.curation.suggestions.merging.ahead import in_chain, join_evidence
from phygui.curation.suggestions.merging.pair_evidence import in_order
from phygui.simulate import make_demo


@pytest.mark.slow
def test_the_evidence_ahead_is_what_the_merge_leads_to(tmp_path: Path) -> None:
    demo = make_demo(tmp_path, n_spikes=6_000, n_clusters=10, duration=60.0, seed=5)
    with Session.open(demo.kwik_path, journal=False) as session:
        # A unit in three parts: each pair of them is one unit, and so is what two of them make.
        whole = max(session.spikes_per_cluster, key=lambda c: len(session.spikes_per_cluster[c]))
        update = session.split(session.spikes_per_cluster[whole][::3])
        rest = max(update.added, key=lambda c: len(session.spikes_per_cluster[c]))
        parts = {*update.added, *session.split(session.spikes_per_cluster[rest][::2]).added}
        session.learn_stats()
        session.suggest_all()
        active, basis = session.suggestions.active, session.suggestions.active._basis
        pairs = [s.clusters for s in session.suggestions.ranked() if parts.issuperset(s.clusters)]
        first, second = (in_order(*pair) for pair in pairs[:2])
        [other] = set(second) - set(first)
        ahead = active._joins[tuple(sorted([first, (other,)]))]
        assert ahead.score > 0.5
        assert (
            join_evidence(session.snapshot(), (first, (other,)), basis, None, lambda: True) is None
        )
        plain = join_evidence(session.snapshot(), (first, (other,)), basis, None, lambda: False)
        nearest = max(
            active._scores[in_order(c, other)].similarity
            for c in first
            if in_order(c, other) in active._scores
        )
        # As similar as the nearer part is; what goes by the spikes is that of all of them.
        expected = max(nearest, plain.similarity) if plain.refractoriness >= 0.5 else None
        assert ahead.similarity == pytest.approx(expected or plain.similarity, rel=1e-6)
        assert ahead[2:-1] == plain[2:-1]
        new = session.merge(first).added[0]
        session.suggest_all()
        assert active._scores[in_order(new, other)][:5] == ahead[:5]
        session.close(discard=True)


def test_a_chain_holds_unless_the_trains_tell_of_two_units() -> None:
    apart = 0.08
    near, farther = merge_score(0.4, 0.5, 0.9, size_ratio=1.1), merge_score(apart / 2, 0.5, 0.9)
    one, two = (
        merge_score(apart, share, 0.8, Coincidences(0, 0.8), size_ratio=1.4)
        for share in (0.57, 0.04)
    )
    assert in_chain(one, near) == merge_score(0.4, 0.57, 0.8, Coincidences(0, 0.8), size_ratio=1.1)
    assert one.score < 0.5 < in_chain(one, near).score
    assert in_chain(two, near) == two
    assert in_chain(one, farther) == in_chain(one, None) == one

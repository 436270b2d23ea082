"""Spikes that were detected twice: set aside by a merge, or from a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from phygui import Session
from phygui.curation.edits.update import EditError
from phygui.curation.statistics.preview import MERGED, merged_snapshot, preview
from phygui.curation.statistics.stats import QualitySource
from phygui.curation.suggestions.merging.merged_metrics import merged_metrics
from tests.copies import detect_twice, detected_twice

N_DOUBLES = 20


@pytest.fixture
def twice(small: Path) -> Iterator[tuple[Session, tuple[int, int]]]:
    """A session, and two clusters that have twenty spikes in common."""
    pair = detect_twice(small, N_DOUBLES)
    with Session.open(small) as opened:
        yield opened, pair


def test_a_merge_keeps_spikes_once(
    twice: tuple[Session, tuple[int, int]], small: Path, state_of: Callable[[Session], tuple]
) -> None:
    session, pair = twice
    session.label(pair[:1], "area", "CA1")
    expected = detected_twice(session, *pair)
    assert len(expected) >= N_DOUBLES
    both = np.sort(np.concatenate([session.spikes_per_cluster[c] for c in pair]))
    before = state_of(session)
    update = session.merge(pair, without_doubles=True)
    new, aside = update.added
    assert session.spikes_per_cluster[aside].tolist() == expected
    assert session.spikes_per_cluster[new].tolist() == np.setdiff1d(both, expected).tolist()
    assert session.group_of(aside) == "noise"
    assert session.group_of(new) == before[1][pair[0]]
    assert session.labels_of(new) == {"area": "CA1"}
    assert not session.labels_of(aside)
    assert f"{len(expected)} spikes detected twice set aside in {aside}" in update.description
    assert session.selection.best == (new,)
    session.undo()
    assert state_of(session)[:3] == before[:3]
    session.redo()
    session.save()
    session.close()
    with Session.open(small) as again:
        assert again.spikes_per_cluster[aside].tolist() == expected
        assert again.group_of(aside) == "noise"


def test_it_comes_back_after_a_crash(
    twice: tuple[Session, tuple[int, int]], small: Path, crashed: Callable[[Session], None]
) -> None:
    session, pair = twice
    update = session.merge(pair, without_doubles=True)
    crashed(session)
    with Session.open(small, recover=True) as again:
        for cluster_id in update.added:
            assert np.array_equal(again.spikes_per_cluster[cluster_id], update.after[cluster_id])
        assert again.group_of(update.added[1]) == "noise"


def test_a_merge_of_what_was_not_detected_twice_is_a_merge(session: Session) -> None:
    clusters = session.cluster_ids.tolist()
    pair = next(
        (a, b) for a in clusters for b in clusters if a < b and not detected_twice(session, a, b)
    )
    update = session.merge(pair, without_doubles=True)
    assert len(update.added) == 1
    assert "aside" not in update.description
    with pytest.raises(EditError, match="two clusters"):
        session.merge([], without_doubles=True)


def test_the_preview_is_without_them_too(twice: tuple[Session, tuple[int, int]]) -> None:
    session, pair = twice
    snapshot, source = session.snapshot(), QualitySource(session.shank)
    shown = preview(snapshot, pair, source, without_doubles=True)
    plain = preview(snapshot, pair, source)
    assert shown is not None
    assert plain is not None
    name = "violation_rate"
    measured = [
        merged_metrics(snapshot, [pair], source, {name}, without_doubles=without)[pair][name]
        for without in ([pair], [])
    ]
    merged = merged_snapshot(snapshot, pair, without_doubles=True).spikes(MERGED)
    update = session.merge(pair, without_doubles=True)
    assert np.array_equal(merged, update.after[update.added[0]])
    assert (
        shown.n_spikes[2] == len(merged) == plain.n_spikes[2] - len(update.after[update.added[1]])
    )
    assert shown.metrics[2][name].value < plain.metrics[2][name].value
    assert [metric.value for metric in measured] == [
        of.metrics[2][name].value for of in (shown, plain)
    ]


def test_those_of_a_cluster_are_set_aside(twice: tuple[Session, tuple[int, int]]) -> None:
    session, pair = twice
    new = session.merge(pair).added[0]
    session.move([new], "good")
    session.label([new], "area", "CA1")
    expected = detected_twice(session, new)
    other = next(c for c in session.cluster_ids.tolist() if not detected_twice(session, c))
    update = session.set_doubles_aside([other, new])
    kept, aside = update.added
    assert update.deleted == (new,)
    assert session.spikes_per_cluster[aside].tolist() == expected
    assert session.group_of(aside) == "noise"
    assert session.group_of(kept) == "good"
    assert session.labels_of(kept) == {"area": "CA1"}
    assert not session.labels_of(aside)
    assert update.description == (
        f"set {len(expected)} spikes of cluster {new} aside in {aside}, which is noise"
    )
    assert not detected_twice(session, kept)
    session.undo()
    assert detected_twice(session, new) == expected
    session.redo()
    with pytest.raises(EditError, match=f"no spike of cluster {kept} was detected twice"):
        session.set_doubles_aside([kept])
    session.select([])
    with pytest.raises(EditError, match="no cluster is selected"):
        session.set_doubles_aside()

"""Candidates for Noise and MUA: found as metrics come in, accepted as one edit, turned down."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from phygui import Session
from phygui.curation.edits.update import EditError
from phygui.curation.suggestions.grouping.group_rules import DEFAULTS, Rule
from phygui.curation.suggestions.grouping.session_groups import SessionGroups
from phygui.simulate import Demo, make_demo


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """One whose clusters of artefacts and of many units are known."""
    folder = tmp_path_factory.mktemp("groups")
    return make_demo(folder, n_spikes=5_000, n_clusters=8, n_channels=16, duration=30.0, seed=4)


@pytest.fixture
def path(demo: Demo, tmp_path: Path) -> Path:
    for source in demo.kwik_path.parent.iterdir():
        if source.is_file():
            shutil.copyfile(source, tmp_path / source.name)
    return tmp_path / demo.kwik_path.name


@pytest.fixture
def found(demo: Demo) -> dict[int, str]:
    """What the rules find in it."""
    roles = demo.truth[0].roles
    return {roles[group]: group for group in ("noise", "mua")}


def n_pending(groups: SessionGroups) -> int:
    """Undecided clusters of which nothing is said, as metrics are not computed yet."""
    done, total = groups.progress()
    return total - done


@pytest.fixture
def session(path: Path):
    """A session whose clusters are all undecided, and one of whose clusters is of all units."""
    with Session.open(path) as opened:
        opened.move(opened.cluster_ids, "unsorted")
        yield opened
        if not opened.is_closed:
            opened.close(discard=True)


def scatter(session: Session) -> int:
    """Make a cluster of a few spikes of every cluster; returns it."""
    some = [spikes[:: max(1, len(spikes) // 12)] for spikes in session.spikes_per_cluster.values()]
    spikes = np.sort(np.concatenate(some))
    update = session.split(spikes)
    return next(c for c in update.added if len(session.spikes_per_cluster[c]) == len(spikes))


def listed(session: Session, **options: bool) -> dict[int, str]:
    return {c.cluster_id: c.group for c in session.suggestions.group_candidates(**options)}


def test_what_is_no_unit_is_found_as_metrics_come_in(
    session: Session, found: dict[int, str]
) -> None:
    groups = session.suggestions.groups
    assert listed(session) == {}
    assert n_pending(groups) == session.n_clusters
    session.learn_stats()
    assert listed(session) == {}
    assert n_pending(groups) == session.n_clusters
    session.learn_all()
    assert n_pending(groups) == 0
    assert listed(session) == found
    for candidate in session.suggestions.group_candidates():
        assert " is above " in candidate.in_words()
    # Nothing has moved by itself.
    assert set(session.cluster_groups.values()) == {"unsorted"}


def test_spikes_of_all_units_are_less_coherent_than_those_of_one(session: Session) -> None:
    mixed = scatter(session)
    session.suggestions.groups.rules = [Rule("noise", "coherence < 0.4")]
    session.learn_all()
    [candidate] = session.suggestions.group_candidates()
    assert (candidate.cluster_id, candidate.clusters) == (mixed, (mixed,))
    assert candidate.in_words() == "coherence 0.29 is below 0.4"


def test_an_edit_leaves_only_the_clusters_that_it_makes_to_do(
    session: Session, found: dict[int, str]
) -> None:
    session.learn_all()
    assert listed(session) == found
    noise = next(c for c, group in found.items() if group == "noise")
    update = session.split(session.spikes_per_cluster[noise][::2])
    assert listed(session) == {c: of for c, of in found.items() if c != noise}
    assert n_pending(session.suggestions.groups) == len(update.added)
    session.learn_all()
    assert n_pending(session.suggestions.groups) == 0
    session.undo()
    assert listed(session) == found
    assert n_pending(session.suggestions.groups) == 0


def test_all_are_accepted_as_one_edit_that_undo_takes_back(session: Session, path: Path) -> None:
    session.learn_all()
    few, many = sorted(
        session.spikes_per_cluster, key=lambda c: len(session.spikes_per_cluster[c])
    )[:: session.n_clusters - 1]
    n_few, n_many = (len(session.spikes_per_cluster[c]) for c in (few, many))
    session.suggestions.groups.rules = [
        Rule("noise", f"n_spikes <= {n_few}"),
        Rule("mua", f"n_spikes <= {n_few} or n_spikes >= {n_many}"),
    ]
    assert listed(session) == {few: "noise", many: "mua"}
    n_edits = session.history_position
    update = session.suggestions.accept_candidates()
    assert update.description == f"moved {few} to noise, {many} to mua"
    assert session.history_position == n_edits + 1
    assert (session.group_of(few), session.group_of(many)) == ("noise", "mua")
    assert listed(session) == {}
    with pytest.raises(EditError, match="there are no candidates for a group"):
        session.suggestions.accept_candidates()
    session.undo()
    assert listed(session) == {few: "noise", many: "mua"}
    session.suggestions.accept_candidates([many])
    assert (session.group_of(few), session.group_of(many)) == ("unsorted", "mua")
    with pytest.raises(EditError, match=f"{many} is no candidate for a group"):
        session.suggestions.accept_candidates([many])
    session.undo()
    session.redo()
    # What is decided is saved, and the next session has it.
    session.save()
    session.close()
    with Session.open(path, read_only=True) as again:
        assert (again.group_of(few), again.group_of(many)) == ("unsorted", "mua")


def test_an_accepted_list_comes_back_after_a_crash(path: Path) -> None:
    crashed = Session.open(path)
    crashed.move(crashed.cluster_ids, "unsorted")
    crashed.suggestions.groups.rules = [
        Rule("noise", f"id == {crashed.cluster_ids[0]}"),
        Rule("mua", f"id == {crashed.cluster_ids[1]}"),
    ]
    a, b = (int(c) for c in crashed.cluster_ids[:2])
    crashed.suggestions.accept_candidates()
    crashed.close()
    with Session.open(path, recover=True) as session:
        assert (session.group_of(a), session.group_of(b)) == ("noise", "mua")
        session.undo()
        assert (session.group_of(a), session.group_of(b)) == ("unsorted", "unsorted")
        session.close(discard=True)


def test_decided_clusters_are_not_listed(session: Session, found: dict[int, str]) -> None:
    session.learn_all()
    noise = next(c for c, group in found.items() if group == "noise")
    others = {c: of for c, of in found.items() if c != noise}
    for group in ("good", "noise", "mua"):
        session.move([noise], group)
        assert listed(session) == others
    session.move([noise], "unsorted")
    assert listed(session) == found


@pytest.mark.slow
def test_what_is_turned_down_stays_so_for_later_sessions(path: Path, found: dict[int, str]) -> None:
    heard: list[int] = []
    noise, mua = sorted(found, key=lambda c: found[c] != "noise")
    with Session.open(path) as session:
        session.learn_all()
        session.suggestions_changed.connect(lambda: heard.append(1))
        session.suggestions.reject_candidates([noise])
        assert heard
        assert not session.is_modified
        assert listed(session) == {mua: "mua"}
        assert listed(session, rejected=True) == found
        assert session.suggestions.accept_candidates().groups_after.keys() == {mua}
        session.undo()
    with Session.open(path, read_only=True) as session:
        session.learn_all()
        assert listed(session) == {mua: "mua"}
        assert [c.is_rejected for c in session.suggestions.group_candidates(rejected=True)] == [
            True,
            False,
        ]
        # Read-only, what is taken back is for this session.
        session.suggestions.reject_candidates([noise], rejected=False)
        assert listed(session) == found
    with Session.open(path) as session:
        session.learn_all()
        assert listed(session) == {mua: "mua"}
        session.suggestions.reject_candidates([noise], rejected=False)
    with Session.open(path) as session:
        session.learn_all()
        assert listed(session) == found
        good = next(int(c) for c in session.cluster_ids if c not in found)
        with pytest.raises(EditError, match=f"{good} is no candidate"):
            session.suggestions.reject_candidates([good])
    (path.with_suffix(".phygui") / "rejected-groups-0.json").write_text('{"clusters": 3}')
    with Session.open(path) as session:
        session.learn_all()
        assert listed(session) == found


def test_other_rules_take_effect_at_once(session: Session, found: dict[int, str]) -> None:
    session.learn_all()
    groups = session.suggestions.groups
    assert groups.rules == DEFAULTS
    assert listed(session) == found
    groups.rules = [Rule("mua", "n_spikes > 0"), Rule("noise", "no_such_metric < 1")]
    assert set(listed(session)) == set(session.cluster_ids.tolist())
    [problem] = groups.problems
    assert "no_such_metric" in problem
    groups.rules = []
    assert listed(session) == {}
    assert groups.problems == []
    # What does not follow from the spikes alone is asked anew.
    groups.rules = [Rule("noise", 'labels == "odd=yes"')]
    assert listed(session) == {}
    first = int(session.cluster_ids[0])
    session.label([first], "odd", "yes")
    assert listed(session) == {first: "noise"}


def test_an_earlier_rule_is_waited_for(session: Session) -> None:
    """A cluster that may still turn out to be noise is not offered as MUA."""
    groups = session.suggestions.groups
    groups.rules = [Rule("noise", "snr < 0"), Rule("mua", "n_spikes > 0")]
    assert listed(session) == {}
    assert n_pending(groups) == session.n_clusters
    groups.rules = [Rule("mua", "n_spikes > 0"), Rule("noise", "snr < 0")]
    assert set(listed(session).values()) == {"mua"}
    assert n_pending(groups) == 0

"""The wizard: its queues, what it skips, and what comes after each kind of edit."""

from __future__ import annotations

import pytest

from phygui.curation.edits.groups import ClusterGroups
from phygui.curation.edits.update import Selection, Update
from phygui.curation.navigation.wizard import ByQuality, Ranking, Wizard


@pytest.fixture
def groups() -> ClusterGroups:
    return ClusterGroups({3: 0, 5: 1})


@pytest.fixture
def wizard(groups: ClusterGroups) -> Wizard:
    """Clusters 1 to 6; quality falls with the id; neighbours in number are most alike."""
    clusters = dict.fromkeys(range(1, 7))

    def similar(best: int):
        ranked = sorted((c for c in range(1, 8) if c != best), key=lambda c: (abs(c - best), c))
        return [(c, 1 / (1 + abs(c - best))) for c in ranked]

    return Wizard(lambda: clusters, groups, lambda c: -c, similar)


def test_best_queue_goes_by_quality_and_skips_noise_and_mua(wizard):
    now = Selection()
    seen = []
    for _ in range(6):
        now = wizard.step_best(now, 1)
        seen.append(now.best)
    assert seen == [(1,), (2,), (4,), (6,), (6,), (6,)]
    assert wizard.step_best(now, -1).best == (4,)
    assert wizard.end(Selection(), first=True).best == (1,)
    assert wizard.end(Selection(), first=False).best == (6,)


def test_skipping_can_be_turned_off(wizard):
    wizard.skip_noise_and_mua = False
    assert wizard.step_best(Selection((2,)), 1).best == (3,)


def test_matches_go_by_similarity_among_the_living(wizard):
    now = wizard.with_first_match(4)
    seen = [now.match]
    for _ in range(4):
        now = wizard.step_match(now, 1)
        seen.append(now.match)
    assert seen == [(2,), (6,), (1,), (1,), (1,)]
    assert wizard.step_match(now, -1).match == (6,)


def test_the_first_press_of_next_match_picks_a_best_cluster(wizard):
    assert wizard.step_match(Selection(), 1) == Selection((1,), (2,))


def test_a_merge_selects_the_new_cluster_and_its_first_match(wizard):
    update = Update("merge", "", {1: None, 2: None}, {6: None})
    assert wizard.after(update, Selection((1,), (2,))) == Selection((6,), (4,))


class Shown(ByQuality):
    """Lists of which the user has hidden some, and of some clusters the place is not known."""

    hidden: tuple[int, ...] = ()
    unknown: tuple[int, ...] = ()

    def matches(self, ranking: Ranking) -> list[int]:
        return [c for c in super().matches(ranking) if c not in self.hidden]

    def is_in_sight(self, cluster_id: int) -> bool:
        return cluster_id not in self.hidden

    def has_place(self, cluster_id: int) -> bool:
        return cluster_id not in self.unknown


def make(wizard: Wizard, clusters: dict[int, None], update: Update, now: Selection) -> Selection:
    """Make an edit, and return what is selected after it."""
    wizard.begin()
    for gone in update.before:
        del clusters[gone]
    clusters.update(dict.fromkeys(update.after))
    return wizard.after(update, now)


@pytest.mark.parametrize(("quality", "kind"), [(9, "merge"), (-9, "split")])
def test_after_an_edit_the_walk_goes_by_the_list_once_the_new_cluster_has_a_place(
    groups, quality, kind
):
    """Clusters 1 to 6; the one that is made is the best of all, or the worst."""
    clusters = dict.fromkeys(range(1, 7))
    qualities = {c: -c for c in clusters} | {8: quality}
    wizard = Wizard(lambda: clusters, groups, qualities.__getitem__, lambda _: ())
    wizard.lists = lists = Shown(lambda: clusters, qualities.__getitem__)
    lists.unknown = (8,)
    now = make(wizard, clusters, Update(kind, "", {2: None, 4: None}, {8: None}), Selection((2,)))
    assert now.best == (8,)
    # Not known where it stands, it stands where the edit was made.
    assert wizard.step_best(now, -1).best == (1,)
    assert wizard.step_best(now, 1).best == (6,)
    lists.unknown = ()
    assert wizard.step_best(now, 1).best == ((1,) if quality > 0 else (8,))
    assert wizard.step_best(now, -1).best == ((8,) if quality > 0 else (6,))


def test_edit_after_edit_keeps_the_place_of_the_first(groups):
    clusters = dict.fromkeys([1, 2, 3, 6])
    qualities = dict(zip(range(1, 9), range(-1, -9, -1), strict=True))
    wizard = Wizard(lambda: clusters, groups, qualities.__getitem__, lambda _: ())
    wizard.lists = lists = Shown(lambda: clusters, qualities.__getitem__)
    lists.unknown = (7, 8)
    now = Selection((2,))
    for gone, new in ((2, 7), (7, 8)):
        now = make(wizard, clusters, Update("merge", "", {gone: None}, {new: None}), now)
    assert wizard.step_best(now, -1).best == (1,)
    wizard.skip_noise_and_mua = False
    assert wizard.step_best(now, 1).best == (3,)


def test_a_move_goes_on_from_where_the_cluster_stood(groups, wizard):
    """The list is sorted by groups, the decided ones first."""
    wizard.lists = Shown(lambda: range(1, 7), lambda c: 10 * wizard.is_decided(c) - c)
    wizard.begin()
    update = groups.move([2], "good")
    groups.apply(update)
    assert wizard.best_queue()[0] != 1
    assert wizard.after(update, Selection((2,))).best == (4,)


def test_a_split_selects_the_new_clusters(wizard):
    update = Update("split", "", {1: None}, {4: None, 6: None})
    assert wizard.after(update, Selection((1,))) == Selection((4,), (6,))


def test_a_move_goes_on_to_the_other_parts_of_a_split(wizard, groups):
    update = Update("split", "", {3: None}, {1: None, 2: None, 6: None})
    now = wizard.after(update, Selection((3,)))
    assert now == Selection((1,), (2, 6))
    for part, expected in ((1, Selection((2,), (6,))), (2, wizard.with_first_match(6))):
        move = groups.move([part], "good")
        groups.apply(move)
        now = wizard.after(move, now)
        assert now == expected


def test_parts_that_are_selected_no_more_are_not_gone_back_to(wizard, groups):
    wizard.after(Update("split", "", {3: None}, {1: None, 2: None}), Selection((3,)))
    move = groups.move([4], "good")
    groups.apply(move)
    assert wizard.after(move, Selection((4,), (6,))).best == (6,)


def test_parts_of_an_earlier_split_are_matches_as_any_other(wizard, groups):
    wizard.after(Update("split", "", {3: None}, {6: None, 7: None}), Selection((3,)))
    move = groups.move([2], "good")
    groups.apply(move)
    # Cluster 2 was no part of it: the walk goes on to the next one, not to its match.
    assert wizard.after(move, Selection((2,), (6,))).best == (4,)


def test_a_move_goes_on_to_the_next_undecided_cluster_of_the_moved_kind(wizard, groups):
    best = groups.move([2], "good")
    groups.apply(best)
    assert wizard.after(best, Selection((2,), (1,))) == Selection((4,), (2,))
    match = groups.move([6], "noise")
    groups.apply(match)
    assert wizard.after(match, Selection((4,), (6,))) == Selection((4,), (1,))


def test_a_move_goes_by_all_that_were_named_also_by_those_that_were_there_already(wizard, groups):
    groups.apply(groups.move([2], "good"))
    update = groups.move([2, 1], "good")
    assert set(update.groups_after) == {1}
    groups.apply(update)
    assert wizard.after(update, Selection((2,), (1,)), [2, 1]) == Selection((4,), (2,))


def test_a_move_of_the_last_undecided_cluster_stays(wizard, groups):
    for cluster in (1, 2, 4):
        groups.apply(groups.move([cluster], "good"))
    update = groups.move([6], "good")
    groups.apply(update)
    assert wizard.after(update, Selection((6,))) == Selection((6,))
    assert wizard.progress() == (6, 6)


def test_clusters_that_a_list_hides_are_passed_over(wizard):
    wizard.lists = lists = Shown(lambda: range(1, 7), lambda c: -c)
    lists.hidden = (1, 3, 4, 5)
    assert wizard.end(Selection(), first=True) == Selection((2,), (6,))
    assert wizard.step_best(Selection((2,)), 1).best == (6,)
    # From a cluster that was clicked before the filter hid it.
    assert wizard.step_best(Selection((4,)), -1).best == (2,)
    update = Update(kind="group", description="", groups_after={2: 2}, groups_before={2: 3})
    assert wizard.after(update, Selection((2,))).best == (6,)
    lists.hidden = tuple(range(1, 7))
    assert wizard.step_best(Selection((2,)), 1) == Selection((2,))
    assert wizard.end(Selection((2,), (1,)), first=True) == Selection((2,), (1,))

"""Cluster groups and labels: names, moves, and what they refuse."""

from __future__ import annotations

import pytest

from phygui.curation.edits.groups import ClusterGroups
from phygui.curation.edits.labels import Labels, color_in
from phygui.curation.edits.update import EditError
from phygui.dataset.groups import GOOD


def test_unnamed_clusters_are_unsorted_and_custom_groups_keep_their_name():
    groups = ClusterGroups({1: 2, 2: 4}, {4: "Interneurons", 2: "Good"})
    assert [groups.name_of(c) for c in (1, 2, 3)] == ["good", "Interneurons", "unsorted"]
    assert groups.number_of("GOOD") == GOOD
    assert groups.number_of("interneurons") == 4
    assert groups.tally([1, 2, 3, 5]) == {"good": 1, "Interneurons": 1, "unsorted": 2}


def test_a_move_names_only_what_changes_and_can_be_taken_back():
    groups = ClusterGroups({1: 2, 2: 0})
    update = groups.move([1, 2, 3], "good")
    assert update.groups_before == {2: 0, 3: None}
    assert update.description == "moved 2 and 3 to good"
    groups.apply(update)
    assert [groups[c] for c in (1, 2, 3)] == [2, 2, 2]
    groups.apply(update.reversed("undo"))
    assert [groups[c] for c in (1, 2, 3)] == [2, 0, 3]


def test_a_move_to_a_group_that_is_not_there_yet_is_one_change():
    groups = ClusterGroups({1: 2, 2: 4}, {4: "axons"})
    update = groups.move([1, 3], "dendrites", add=True)
    assert update.description == "moved 1 and 3 to the new group dendrites"
    groups.apply(update)
    assert [groups.name_of(c) for c in (1, 2, 3)] == ["dendrites", "axons", "dendrites"]
    groups.apply(update.reversed("undo"))
    assert [groups.name_of(c) for c in (1, 2, 3)] == ["good", "axons", "unsorted"]
    assert "dendrites" not in groups.names.values()
    # One that is there, in whatever case of letters, is not added again.
    assert not groups.move([1], "AXONS", add=True).names_after
    for name in ("", "7", "two\nlines"):
        with pytest.raises(EditError, match="a group is called"):
            groups.move([1], name, add=True)


def test_a_group_is_removed_once_no_cluster_is_in_it():
    groups = ClusterGroups({1: 2, 2: 4, 3: 4, 9: 4}, {4: "axons"})
    with pytest.raises(EditError, match=r"2 clusters are in the group axons \(2 and 3\)"):
        groups.remove("Axons", [1, 2, 3])
    # Cluster 9 is no more.
    groups.apply(groups.move([2, 3], "good"))
    update = groups.remove("Axons", [1, 2, 3])
    groups.apply(update)
    assert "axons" not in groups.names.values()
    groups.apply(update.reversed("undo"))
    assert groups.names[4] == "axons"
    with pytest.raises(EditError, match="one of the four"):
        groups.remove("good", [])


def test_the_number_of_a_group_that_is_gone_is_not_given_again():
    groups = ClusterGroups({1: 2, 2: 6}, {4: "axons"})
    assert groups.largest == 6
    for name, number in (("dendrites", 7), ("somata", 8)):
        added = groups.add(name)
        assert dict(added.names_after) == {number: name}
        groups.apply(added)
        groups.apply(groups.remove(name, [1, 2]) if number == 7 else added.reversed("undo"))
    assert dict(groups.add("glia").names_after) == {9: "glia"}
    groups.reserve(20)
    groups.reserve(3)
    assert dict(groups.add("glia").names_after) == {21: "glia"}
    with pytest.raises(EditError, match="no cluster group 'dendrites'"):
        groups.remove("dendrites", [])


@pytest.mark.parametrize(
    ("clusters", "group", "words"),
    [
        ([], "good", "no cluster is selected"),
        ([1, 2], "great", "no cluster group 'great'; there are noise, mua, good, unsorted"),
        ([1], 7, "no cluster group 7"),
        ([1], None, "None was given, expected a cluster group: noise, mua, good, unsorted"),
        ([1], ["good"], r"\['good'\] was given, expected a cluster group"),
        ([1], True, "True was given, expected a cluster group"),
    ],
)
def test_impossible_moves_say_why(clusters, group, words):
    with pytest.raises(EditError, match=words):
        ClusterGroups({1: 2, 2: 2}).move(clusters, group)


@pytest.mark.parametrize(
    ("groups", "sizes", "expected", "why"),
    [
        ({}, {1: 5, 2: 9}, "unsorted", ""),
        ({1: 2, 2: 2}, {1: 5, 2: 9}, "good", ""),
        ({2: 2}, {1: 5, 2: 1, 3: 7}, "good", "good as 2"),
        ({1: 4, 3: 4}, {1: 5, 2: 9, 3: 7}, "Interneurons", "Interneurons as 1 and 3"),
        ({1: 2, 2: 0}, {1: 5, 2: 9}, "noise", "noise as 2, the largest"),
        ({1: 2, 2: 0}, {2: 9, 1: 9}, "noise", "noise as 2, the largest"),
        ({1: 2, 2: 0}, {1: 5, 2: 5, 3: 9}, "unsorted", "unsorted as 3, the largest"),
    ],
)
def test_a_merged_cluster_keeps_the_one_decision_else_that_of_the_largest(
    groups, sizes, expected, why
):
    known = ClusterGroups(groups, {4: "Interneurons"})
    group, words = known.of_merged(sizes)
    assert (known.names[group], words) == (expected, why)


def test_what_is_so_already_is_an_empty_edit_that_says_so():
    update = ClusterGroups({1: 2, 2: 2}).move([1, 2], "good")
    assert update.is_empty
    assert update.description == "1 and 2 are already good"
    labels = Labels({1: {"layer": "5"}})
    for clusters, value in (([1], "5"), ([2], None)):
        update = labels.label(clusters, "layer", value)
        assert update.is_empty
        assert update.description.endswith("the label layer is unchanged")


def test_labels_are_set_replaced_removed_and_taken_back():
    labels = Labels({1: {"layer": "5"}})
    first = labels.label([1, 2], "layer", "6")
    labels.apply(first)
    assert dict(labels[1]) == dict(labels[2]) == {"layer": "6"}
    second = labels.label([1], "layer", None)
    labels.apply(second)
    assert dict(labels[1]) == {}
    labels.apply(second.reversed("undo"))
    labels.apply(first.reversed("undo"))
    assert dict(labels.items()) == {1: {"layer": "5"}}


@pytest.mark.parametrize(
    ("clusters", "key", "value", "words"),
    [
        ([], "a", "b", "no cluster is selected"),
        ([1], "", "b", "key=value"),
        ([1], "a=b", "c", "key=value"),
    ],
)
def test_impossible_labels_say_why(clusters, key, value, words):
    with pytest.raises(EditError, match=words):
        Labels({1: {"layer": "5"}}).label(clusters, key, value)


def test_a_group_is_added_under_a_number_of_its_own_and_taken_back():
    groups = ClusterGroups({1: 6}, {4: "Interneurons"})
    update = groups.add(" axons ")
    assert (update.names_after, update.description) == ({7: "axons"}, "added the group axons")
    groups.apply(update)
    assert groups.number_of("Axons") == 7
    assert groups.add("AXONS").is_empty
    groups.apply(update.reversed("undo"))
    assert 7 not in groups.names


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "x" * 41, "7"])
def test_a_group_needs_a_name_of_one_line(name):
    with pytest.raises(EditError, match="a group is called by one line"):
        ClusterGroups({}).add(name)


def test_a_merged_cluster_has_the_notes_of_all_and_the_other_labels_of_the_first():
    labels = Labels({1: {"area": "CA1"}, 2: {"note": "a\nb", "area": "CA3"}, 3: {"note": "c"}})
    assert labels.of_merged([1, 2, 3]) == {"area": "CA1", "note": "a\nb\nc"}
    assert labels.of_merged([4, 5]) == {}


@pytest.mark.parametrize(
    ("text", "color"),
    [("#12AB34", "#12AB34"), ("#12ab3", ""), ("red", ""), (" #1ab34c ", "#1ab34c")],
)
def test_only_what_is_a_colour_is_one(text, color):
    assert color_in({"color": text}) == color

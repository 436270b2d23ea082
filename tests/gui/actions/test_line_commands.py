"""One-line commands: what is refused before anything is done."""

from __future__ import annotations

from unittest.mock import MagicMock

import pytest

from phygui.curation.edits.update import EditError
from phygui.gui.actions.line_commands import completions, run_snippet


@pytest.mark.parametrize("line", [f"c 0-{10**18}", f"g 4 5-{10**25}", "m good 0-60000,0-60000"])
def test_more_clusters_than_can_be_meant_are_refused_before_they_are_listed(line: str) -> None:
    window = MagicMock()
    window.session.group_names = {}
    with pytest.raises(EditError, match="too many clusters"):
        run_snippet(window, line)
    assert not window.session.mock_calls


@pytest.mark.parametrize(
    "line", ["g 9-6", "m good 9-6", "c 6-3", "c 3--6", "g 4 9-", "c -3", "g ,"]
)
def test_what_is_no_range_is_refused_and_not_taken_for_naming_nothing(line: str) -> None:
    window = MagicMock()
    window.session.group_names = {}
    with pytest.raises(EditError, match=r"not a range|is not a cluster id|names no cluster"):
        run_snippet(window, line)
    assert not window.session.mock_calls


def test_clusters_are_named_one_by_one_in_ranges_or_not_at_all() -> None:
    window = MagicMock()
    window.session.move.return_value.is_empty = False
    run_snippet(window, "g 4,7 9-11")
    window.session.merge.assert_called_once_with([4, 7, 9, 10, 11])
    run_snippet(window, "m good")
    window.session.move.assert_called_once_with(window.session.selected, "good")


@pytest.mark.parametrize(
    ("line", "group", "clusters"),
    [
        ("m Narrow spiking 4 9", "Narrow spiking", [4, 9]),
        ("m narrow SPIKING", "narrow SPIKING", None),
        ('m "narrow spiking" 4', "narrow spiking", [4]),
        ("m narrow 4", "narrow", [4]),
        ("m good 4", "good", [4]),
        ("m unheard 4", "unheard", [4]),
    ],
)
def test_a_group_whose_name_holds_spaces_is_named_as_it_is(
    line: str, group: str, clusters: list[int] | None
) -> None:
    window = MagicMock()
    window.session.group_names = {2: "good", 4: "Narrow", 5: "Narrow spiking"}
    window.session.move.return_value.is_empty = False
    run_snippet(window, line)
    expected = window.session.selected if clusters is None else clusters
    window.session.move.assert_called_once_with(expected, group)


def test_names_of_groups_are_completed_whole_and_in_any_case() -> None:
    window = MagicMock()
    window.session.group_names = {2: "good", 5: "Narrow spiking"}
    assert completions(window, "m ") == ["m good", "m Narrow spiking"]
    assert completions(window, "m nar") == ["m narrow spiking"]
    assert completions(window, "m Narrow s") == ["m Narrow spiking"]
    assert completions(window, "m good 1") == []

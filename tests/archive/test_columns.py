"""The columns of the table of sessions: what they say, how they sort, and what filters pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from phygui.archive.archive import Session
from phygui.archive.columns import BY_NAME, COLUMNS, in_order, session_filter
from phygui.archive.finding import Found
from phygui.archive.overview import Overview
from phygui.curation.navigation.row_filter import FilterError


def session(name: str, of: Overview | None, holder: str = "") -> Session:
    return Session(Found(Path("/archive") / name, "x", 1.6e9, holder), name, of, True)


FULL = Overview(
    "Kwik", 3_727.0, "2026-11-20T10:00:00", "A1x32", 32, 90_000, (0, 1), ("main", "second"),
    {"good": 12, "unsorted": 8}, 3, 1.0, True, "2026-11-28T14:02:11", "anna",
)  # fmt: skip
SESSIONS = [
    session("b/full.kwik", FULL, "carl"),
    session("a/new.kwik", None),
    session("c/odd.kwik", Overview(problem="/archive/c/odd.kwik is empty (0 bytes).")),
    session(
        "C/small.kwik", Overview("Kwik", 12.5, n_channels=4, groups={"unsorted": 5}, prepared=0.996)
    ),
]


def shown(of: Session) -> dict[str, str]:
    return {column.name: column.shown(of) for column in COLUMNS}


def test_what_a_row_says() -> None:
    assert shown(SESSIONS[0]) == {
        "name": "b/full.kwik", "date": "2026-11-20", "length": "1:02:07", "probe": "A1x32, 32 ch",
        "shanks": "2", "clusters": "20", "decided": "12 (60%)", "good": "12", "suggestions": "3",
        "prepared": "yes", "saved": "2026-11-28", "by": "anna",
        "note": "open: carl; 2 clusterings",
    }  # fmt: skip
    new, odd, small = map(shown, SESSIONS[1:])
    assert (new["date"], new["clusters"], new["note"]) == ("2020-09-13", "–", "not read yet")
    assert (odd["clusters"], odd["note"]) == ("–", "is empty (0 bytes).")
    assert (small["length"], small["probe"], small["decided"]) == ("12.5 s", "4 ch", "0 (0%)")
    assert small["prepared"] == "99%"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", "full new odd small"),
        ("KWIK a1x32", "full"),
        ("anna", "full"),
        ("good > 5", "full"),
        ("decided < 50%", "small"),
        ("prepared < 100%", "small"),
        ("clusters == None", "new odd"),
        ("suggested >= 1", "full"),
    ],
)
def test_filters(text: str, names: str) -> None:
    passes = session_filter(text)
    assert [s.path.stem for s in SESSIONS if passes(s)] == names.split()


@pytest.mark.parametrize("text", ["god > 3", "good >", "good > 'x'"])
def test_filters_that_make_no_sense(text: str) -> None:
    with pytest.raises(FilterError):
        session_filter(text)(SESSIONS[0])


def test_what_is_not_known_comes_last_either_way() -> None:
    up = [s.path.stem for s in in_order(SESSIONS, "clusters")]
    down = [s.path.stem for s in in_order(SESSIONS, "clusters", descending=True)]
    assert up == ["small", "full", "new", "odd"]
    assert down == ["full", "small", "new", "odd"]
    assert [s.path.stem for s in in_order(SESSIONS, "name")] == ["new", "full", "odd", "small"]


def test_names_of_columns_are_words_and_all_have_their_help() -> None:
    assert len(BY_NAME) == len(COLUMNS)
    assert all(name.isidentifier() for name in BY_NAME)
    assert all(column.help for column in COLUMNS)

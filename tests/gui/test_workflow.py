"""Every key of the curator's workflow: what it does to the session, and what is selected next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import pytest
from PyQt5.QtCore import QEvent, Qt
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QApplication

from phygui.curation.update import Selection
from phygui.gui.columns import DASH

CTRL, ALT, SHIFT = Qt.ControlModifier, Qt.AltModifier, Qt.ShiftModifier
GROUP_KEYS = (
    (Qt.Key_G, "good"),
    (Qt.Key_M, "mua"),
    (Qt.Key_N, "noise"),
    (Qt.Key_U, "unsorted"),
)
SKIPPED = ("noise", "mua")


def queue(session: Any, *, skip: bool = True) -> list[int]:
    """The best queue: by decreasing quality, then by id."""
    groups = session.cluster_groups
    quality = session.knowledge.quality
    ordered = sorted(groups, key=lambda c: (-quality(c), c))
    return [c for c in ordered if not (skip and groups[c] in SKIPPED)]


def matches(session: Any, best: int) -> list[int]:
    """The match queue of a cluster: by decreasing similarity, computed pair by pair."""
    knowledge, groups = session.knowledge, session.cluster_groups
    mine = knowledge.stats[best].summary

    def similarity(other: int) -> float:
        summary = knowledge.stats[other].summary
        return float(knowledge.measures.similarity([mine], [summary])[0, 0])

    others = [c for c in groups if c != best and groups[c] not in SKIPPED]
    return sorted(others, key=lambda c: -similarity(c))


def with_first_match(session: Any, best: int) -> Selection:
    return Selection((best,), tuple(matches(session, best)[:1]))


def next_undecided(session: Any, ordered: list[int], start: int) -> int | None:
    """The first undecided cluster after one, from the top again where there is none."""
    place = ordered.index(start)
    groups = session.cluster_groups
    candidates = [*ordered[place + 1 :], *ordered[:place]]
    return next((c for c in candidates if groups[c] == "unsorted"), None)


def shown(user: Any) -> tuple[list[int], list[int]]:
    """Clusters selected in the rows of the two tables, as Qt has them."""

    def rows(table: Any) -> list[int]:
        chosen = [i.row() for i in table.view.selectionModel().selectedRows()]
        return sorted(table.model.cluster_ids[row] for row in chosen)

    return rows(user.window.cluster_table), rows(user.window.match_table)


def check(user: Any, expected: Selection) -> None:
    """The session, both tables and the status bar agree on what is selected."""
    assert user.session.selection == expected
    assert shown(user) == (sorted(expected.best), sorted(expected.match))
    words = user.window.status["selected"].text()
    assert all(str(c) in words for c in expected.clusters)


def type_line(user: Any, text: str, *, run: bool = True) -> None:
    """Write into what has the keyboard, key by key, and press Enter."""
    for character in text:
        QTest.keyClicks(QApplication.focusWidget(), character)
    if run:
        QTest.keyClick(QApplication.focusWidget(), Qt.Key_Return)
    user.settle()


def snippet(user: Any, text: str) -> None:
    """Press ``:`` and run a line."""
    QTest.keyClick(user.window.cluster_table.view, Qt.Key_Colon)
    type_line(user, text)


@pytest.fixture(params=["hybrid", "demo"])
def either(request: pytest.FixtureRequest) -> Path:
    return request.getfixturevalue(request.param)


# -- the wizard ----------------------------------------------------------------------------


def test_keys_walk_best_and_match_queues(either: Path, open_window: Callable[..., Any]) -> None:
    user = open_window(either)
    session = user.session
    wanted = queue(session)
    # What the table shows, sorted by quality, is the queue.
    everyone = queue(session, skip=False)
    assert user.window.cluster_table.model.cluster_ids == everyone

    user.press(Qt.Key_Home)
    check(user, with_first_match(session, wanted[0]))
    for best in wanted[1:4]:
        user.press(Qt.Key_Down)
        check(user, with_first_match(session, best))
    user.press(Qt.Key_Up)
    check(user, with_first_match(session, wanted[2]))
    user.press(Qt.Key_End)
    check(user, with_first_match(session, wanted[-1]))
    user.press(Qt.Key_Down)
    check(user, with_first_match(session, wanted[-1]))

    user.press(Qt.Key_Home)
    best = wanted[0]
    candidates = matches(session, best)
    for match in candidates[1:4]:
        user.press(Qt.Key_Space)
        check(user, Selection((best,), (match,)))
    user.press(Qt.Key_Space, SHIFT)
    check(user, Selection((best,), (candidates[2],)))
    user.press(Qt.Key_Backspace)
    check(user, Selection((best,)))
    user.press(Qt.Key_Space)
    check(user, Selection((best,), (candidates[0],)))


def test_noise_and_mua_are_skipped_by_keys_and_not_by_clicks(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    session = user.session
    everyone = queue(session)
    session.move([everyone[1]], "noise")
    session.move([everyone[2]], "mua")
    user.settle()
    user.press(Qt.Key_Home)
    user.press(Qt.Key_Down)
    assert session.selection.best == (everyone[3],)
    skipped = {everyone[1], everyone[2]}
    seen = set(session.selection.match)
    for _ in everyone:
        user.press(Qt.Key_Space)
        seen.update(session.selection.match)
    assert seen == set(everyone) - skipped - {everyone[3]}
    user.click_cluster(everyone[1])
    assert session.selection.best == (everyone[1],)
    # The toggle in the Select menu lets navigation stop at them.
    user.window.actions_by_name["skip"].trigger()
    user.press(Qt.Key_Home)
    user.press(Qt.Key_Down)
    assert session.selection.best == (everyone[1],)


# -- edits ---------------------------------------------------------------------------------


def test_merge_undo_and_redo_select_what_they_should(
    either: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(either)
    session = user.session
    user.press(Qt.Key_Home)
    user.press(Qt.Key_Space)
    before = session.selection
    first, second = before.clusters
    session.move([first], "good")
    session.select(before.best, before.match)
    user.settle()
    spikes = sorted([*session.spikes_per_cluster[first], *session.spikes_per_cluster[second]])
    new = max(session.cluster_ids.tolist()) + 1

    user.press(Qt.Key_G)
    assert session.spikes_per_cluster[new].tolist() == spikes
    assert session.cluster_groups[new] == "good"
    assert not {first, second} & set(session.cluster_groups)
    assert session.selection.best == (new,)
    check(user, session.selection)
    assert session.selection.match[0] in session.cluster_groups
    after = session.selection

    for redo_key, modifiers in ((Qt.Key_Z, CTRL | SHIFT), (Qt.Key_Y, CTRL)):
        user.press(Qt.Key_Z, CTRL)
        assert new not in session.cluster_groups
        check(user, before)
        user.press(redo_key, modifiers)
        assert session.spikes_per_cluster[new].tolist() == spikes
        check(user, after)
    # All of the history, the group move included, can be taken back.
    user.press(Qt.Key_Z, CTRL)
    user.press(Qt.Key_Z, CTRL)
    assert session.cluster_groups[first] != "good"
    assert not session.can_undo


def test_after_a_merge_its_first_match_is_selected(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    user.select(*queue(user.session)[:2])
    user.press(Qt.Key_G)
    new = user.session.selection.best[0]
    # The match was chosen by what was expected of the new cluster; computed since, it agrees.
    check(user, with_first_match(user.session, new))


def lassos() -> list[str]:
    from phygui.views import VIEWS

    return [name for name, view in VIEWS.items() if view.has_lasso]


@pytest.mark.parametrize("kind", lassos())
def test_split_from_each_view_with_a_lasso(
    demo: Path, open_window: Callable[..., Any], kind: str
) -> None:
    user = open_window(demo)
    session = user.session
    user.window.view_docks[kind].show()
    user.window.view_docks[kind].raise_()
    user.settle()
    user.select(*queue(session)[:2])
    olds = session.selection.best
    view = user.view(kind)
    cell = 0
    (x0, x1), (y0, y1) = view.cells[cell].x.view, view.cells[cell].y.view
    right, top = 0.5 * (x0 + x1), y1 - 0.02 * (y1 - y0)
    left, bottom = x0 + 0.01 * (x1 - x0), y0 + 0.02 * (y1 - y0)
    user.lasso(view, cell, [(left, bottom), (right, bottom), (right, top), (left, top)])
    snapshot = session.snapshot()
    inside = view.spikes_in_lasso(snapshot, view.params, view.lasso, lambda: False)
    touched = [c for c in olds if len({*inside} & {*session.spikes_per_cluster[c]})]
    rests = [sorted({*session.spikes_per_cluster[c]} - {*inside}) for c in touched]
    groups = session.cluster_groups
    assert len(inside) > 0

    # The key is pressed where the hand is: with the keyboard in the canvas.
    view.native.setFocus()
    user.qtbot.keyClick(view.native, Qt.Key_K)
    user.settle()
    new = session.selection.best
    largest = max(groups)
    assert all(c > largest for c in new)
    check(user, Selection(new))
    contents = [session.spikes_per_cluster[c].tolist() for c in new]
    assert contents[0] == inside.tolist()
    assert sorted(contents[1:]) == sorted(rest for rest in rests if rest)
    assert not {*touched} & {*session.cluster_groups}
    assert view.lasso is None
    user.press(Qt.Key_Z, CTRL)
    check(user, Selection(olds))
    assert session.cluster_groups == groups


def test_moving_groups_selects_the_next_undecided(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    for key, group in GROUP_KEYS:
        move_each_way(user, key, group)


def move_each_way(user: Any, key: Any, group: str) -> None:
    session = user.session
    start = queue(session)
    away = "good" if group == "unsorted" else None

    def begin(*clusters: int) -> None:
        """Make clusters something else than the group that they are moved to."""
        moved = [c for c in clusters if away and session.cluster_groups[c] != away]
        if moved:
            session.move(moved, away)

    # Alt: the best cluster.
    begin(start[1])
    session.select([start[1]], [start[4]])
    user.press(key, ALT)
    assert session.cluster_groups[start[1]] == group
    assert session.cluster_groups[start[4]] == "unsorted"
    following = next_undecided(session, queue(session, skip=False), start[1])
    check(user, with_first_match(session, following))

    # Ctrl: the match; the best stays.
    best = start[2]
    candidates = [c for c in matches(session, best) if session.cluster_groups[c] == "unsorted"]
    match = candidates[1]
    begin(match)
    session.select([best], [match])
    ordered = [c for c, _ in session.similar()]
    user.press(key, CTRL)
    assert session.cluster_groups[match] == group
    assert session.cluster_groups[best] == "unsorted"
    check(user, Selection((best,), (next_undecided(session, ordered, match),)))

    # Ctrl+Alt: all that is selected.
    candidates = [c for c in matches(session, best) if session.cluster_groups[c] == "unsorted"]
    begin(best, candidates[0])
    session.select([best], [candidates[0]])
    user.press(key, CTRL | ALT)
    assert {session.cluster_groups[c] for c in (best, candidates[0])} == {group}
    following = next_undecided(session, queue(session, skip=False), best)
    check(user, with_first_match(session, following))

    decided = sum(g != "unsorted" for g in session.cluster_groups.values())
    n = len(session.cluster_groups)
    assert user.window.status["progress"].text().startswith(f"{decided} of {n} decided")
    # All in one history: three undos bring the first selection back.
    while session.can_undo:
        user.press(Qt.Key_Z, CTRL)
    assert set(session.cluster_groups.values()) == {"unsorted"}


def test_a_group_key_goes_on_where_the_clusters_are_in_the_group_already(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    session = user.session
    ordered = queue(session)
    best = ordered[1]
    match, other = [c for c, _ in session.knowledge.similar(best)][:2]
    session.move([best, match], "good")
    user.settle()
    edits = session.history
    following = next_undecided(session, queue(session, skip=False), best)
    wanted = {
        ALT: with_first_match(session, following),
        CTRL: Selection((best,), (other,)),
        CTRL | ALT: with_first_match(session, following),
    }
    for modifiers, selection in wanted.items():
        session.select([best], [match])
        user.press(Qt.Key_G, modifiers)
        check(user, selection)
        assert user.message.endswith(" good already")
        assert user.window.status["edit"].property("wrong") == "false"
        assert session.history == edits
    # Where only one of them is, all are moved, and it goes on from the best.
    session.select([best], [other])
    user.press(Qt.Key_G, CTRL | ALT)
    assert session.cluster_groups[other] == "good"
    assert session.selection.best == (next_undecided(session, queue(session), best),)


def test_save_writes_the_file_and_says_where_when_and_how_much(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    chosen = queue(user.session)[0]
    user.click_cluster(chosen)
    user.press(Qt.Key_N, ALT)
    before = user.session.selection
    user.press(Qt.Key_S, CTRL)
    user.qtbot.waitUntil(lambda: not user.session.is_modified, timeout=20_000)
    user.settle()
    assert "1 edit" in user.message
    assert str(demo) in user.message
    assert "saved" in user.window.status["saved"].text()
    check(user, before)
    with h5py.File(demo, "r") as file:
        group = file[f"channel_groups/0/clusters/main/{chosen}"]
        assert group.attrs["cluster_group"] == 0


# -- labels and the command line -----------------------------------------------------------


def cell_text(user: Any, cluster: int, column: str) -> str:
    model = user.window.cluster_table.model
    place = user.window.cluster_table.column_names.index(column)
    return model.index(model.row_of(cluster), place).data()


def is_shown(table: Any, column: str) -> bool:
    header = table.view.horizontalHeader()
    return not header.isSectionHidden(table.column_names.index(column))


def test_label_key_opens_a_line_that_completes_known_keys(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    session, line = user.session, user.window.snippets.line
    first, second = queue(session)[:2]
    user.select(first)
    user.press(Qt.Key_L)
    assert line.text() == "l "
    assert line.hasFocus()
    type_line(user, "region=CA1 top")
    assert dict(session.labels_of(first)) == {"region": "CA1 top"}
    assert cell_text(user, first, "labels") == "region=CA1 top"
    assert cell_text(user, first, "region") == "CA1 top"
    assert cell_text(user, second, "region") == DASH
    assert is_shown(user.window.cluster_table, "region")
    assert not is_shown(user.window.match_table, "region")
    assert user.window.cluster_table.view.hasFocus()
    check(user, Selection((first,)))

    # The key is known now: Tab completes it, and then its values.
    user.select(second)
    user.press(Qt.Key_L)
    type_line(user, "re", run=False)
    QTest.keyClick(line, Qt.Key_Tab)
    assert line.text() == "l region="
    assert "CA1 top" in user.window.snippets.message.text()
    QTest.keyClick(line, Qt.Key_Tab)
    type_line(user, "")
    assert dict(session.labels_of(second)) == {"region": "CA1 top"}
    user.press(Qt.Key_Z, CTRL)
    assert not session.labels_of(second)

    # What is wrong is said in place, and the line stays.
    user.press(Qt.Key_L)
    type_line(user, "nothing")
    assert "key=value" in user.window.snippets.message.text()
    assert line.hasFocus()
    QTest.keyClick(line, Qt.Key_Escape)
    assert not user.window.snippets.isVisible()
    assert session.labels_of(first)

    # An empty value takes the label away.
    user.select(first)
    user.press(Qt.Key_L)
    type_line(user, "region=")
    assert not session.labels_of(first)

    # What clusters are labelled is no markup, wherever it is shown.
    session.label([first], "note", "<img src='x'>")
    user.settle()
    user.press(Qt.Key_L)
    type_line(user, "note=", run=False)
    assert "<img src='x'>" in user.window.snippets.message.text()
    assert "<img" not in user.window.snippets.message.toolTip()


def test_every_snippet_of_the_workflow(demo: Path, open_window: Callable[..., Any]) -> None:
    user = open_window(demo)
    session, table = user.session, user.window.cluster_table
    a, b, c, d = queue(session)[:4]

    snippet(user, f"c {a} {b}")
    check(user, Selection((a, b)))
    snippet(user, f"m good {c}")
    assert session.cluster_groups[c] == "good"
    snippet(user, f"g {a} {b}")
    new = session.selection.best[0]
    assert new == max(session.cluster_groups)
    assert not {a, b} & set(session.cluster_groups)

    snippet(user, 'f n_spikes > 300 and group != "good"')
    sizes = {k: len(v) for k, v in session.spikes_per_cluster.items()}
    passing = {k for k, n in sizes.items() if n > 300 and k != c}
    assert set(table.model.cluster_ids) == passing
    assert table.filter.text() == 'n_spikes > 300 and group != "good"'
    snippet(user, "f")
    assert set(table.model.cluster_ids) == set(sizes)
    snippet(user, "s -n_spikes")
    assert table.model.cluster_ids == sorted(sizes, key=lambda k: -sizes[k])
    snippet(user, "s group -n_spikes")
    assert table.model.cluster_ids[0] == c
    assert table.model.sort_order[:2] == [("group", True), ("n_spikes", False)]

    snippet(user, "t 12.5")
    left, right = user.view("traces").data.interval
    assert left < 12.5 < right
    user.press(Qt.Key_T, CTRL)
    assert user.window.snippets.line.text() == "t "
    type_line(user, "20")
    assert sum(user.view("traces").data.interval) / 2 == pytest.approx(20)
    snippet(user, "b 0.5 50")
    correlograms = user.view("correlograms")
    assert (correlograms.params.bin_ms, correlograms.params.window_ms) == (0.5, 50.0)

    # Without ids, the selected clusters are meant.
    user.select(d)
    snippet(user, "m noise")
    assert session.cluster_groups[d] == "noise"
    snippet(user, "v overview")
    assert user.window.docks["raster"].isVisible()
    # Up brings earlier lines back.
    QTest.keyClick(table.view, Qt.Key_Colon)
    line = user.window.snippets.line
    QTest.keyClick(line, Qt.Key_Up)
    QTest.keyClick(line, Qt.Key_Up)
    assert line.text() == "m noise"
    QTest.keyClick(line, Qt.Key_Down)
    assert line.text() == "v overview"
    QTest.keyClick(line, Qt.Key_Escape)


WRONG = (
    ("g 4 99", "no cluster 99"),
    ("c 99", "no cluster 99"),
    ("c four", "'four' is not a cluster id"),
    ("g 9-6", "'9-6' is no range: it ends before it begins"),
    ("m good 9-6", "'9-6' is no range"),
    ("c 3--6", "'3--6' is not a cluster id"),
    ("m better 4", "no cluster group 'better'"),
    ("f n_spikes >", "not an expression"),
    ('f "%999999999d" % id', "% calculates with numbers"),
    ('f n_spikes > 100 & group == "good"', "write 'and' instead of '&'"),
    ('f group = "good"', "write '==' to compare"),
    ('f n_spikes > "a"', "a number cannot be compared with the text 'a'"),
    ("f n_spokes > 1", "no column n_spokes"),
    ("f __import__('os')", "only comparisons"),
    ("s n_spokes", "no column 'n_spokes'"),
    ("t yesterday", "usage: t SECONDS"),
    ("t 9999", "outside of the recording"),
    ("b 50 0.5", "below the window"),
    ("b 0.5 inf", "the window is 1 to 100,000 ms, not inf"),
    ("b 0.5 1e9", "the window is 1 to 100,000 ms, not 1e+09"),
    ("b 1e-9 50", "the bin is 0.05 to 1,000 ms, not 1e-09"),
    ("b -1 50", "the bin is 0.05 to"),
    ("b nan 50", "below the window"),
    ("s group -n_spikes depth id", "sorted by 3 columns at most, not 4"),
    ("s --depth", "no column '-depth'"),
    ("x 1", "no command 'x'"),
)
COMPLETED = (
    ("m g", "m good "),
    ("s -n_sp", "s -n_spikes "),
    ("f quali", "f quality "),
    ('f group == "no', 'f group == "noise" '),
    ("l depth_of=1 and", "l depth_of=1 and"),
)


def test_a_wrong_snippet_says_so_in_the_line_and_changes_nothing(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    before = user.session.generation
    line, message = user.window.snippets.line, user.window.snippets.message
    for text, words in WRONG:
        snippet(user, text)
        assert words in message.text()
        assert message.property("wrong") == "true"
        assert line.hasFocus()
        assert user.session.generation == before
        # The next key replaces the line; then nothing is wrong any more.
        type_line(user, "s", run=False)
        assert line.text() == "s"
        assert message.property("wrong") == "false"
        QTest.keyClick(line, Qt.Key_Escape)


def test_tab_completes_groups_columns_and_operators(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    line = user.window.snippets.line
    for begun, completed in COMPLETED:
        QTest.keyClick(user.window.cluster_table.view, Qt.Key_Colon)
        type_line(user, begun, run=False)
        QTest.keyClick(line, Qt.Key_Tab)
        assert line.text() == completed
        assert line.hasFocus()
        QTest.keyClick(line, Qt.Key_Escape)


# -- help ----------------------------------------------------------------------------------


def test_keys_open_the_list_of_shortcuts_and_the_palette(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    for key in (Qt.Key_H, Qt.Key_F1):
        user.press(key)
        help_list = user.window.help_list
        assert help_list.isVisible()
        everything = help_list.proxy.rowCount()
        QTest.keyClicks(help_list.search, "merge")
        assert 0 < help_list.proxy.rowCount() < everything
        keys = [help_list.proxy.index(r, 0).data() for r in range(help_list.proxy.rowCount())]
        assert "G" in keys
        assert ":g 4 9" in keys
        QTest.keyClick(help_list, Qt.Key_Escape)
        assert not help_list.isVisible()

    wanted = queue(user.session)
    user.press(Qt.Key_Home)
    user.press(Qt.Key_P, CTRL)
    palette = user.window.palette_list
    assert palette.isVisible()
    QTest.keyClicks(palette.search, "next best")
    QTest.keyClick(palette.search, Qt.Key_Return)
    user.settle()
    check(user, with_first_match(user.session, wanted[1]))
    assert not palette.isVisible()

    user.press(Qt.Key_P, CTRL)
    palette = user.window.palette_list
    # Another action before it says that saves can be compared.
    QTest.keyClicks(palette.search, "compare")
    assert palette.proxy.index(palette.table.currentIndex().row(), 0).data().startswith("Compare")
    QTest.keyClick(palette, Qt.Key_Escape)


# -- where the keyboard is -----------------------------------------------------------------


def test_keys_work_in_every_canvas_and_while_its_dock_floats(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    session = user.session
    wanted = queue(session)
    for name in ("features", "waveforms", "traces", "correlograms"):
        dock = user.window.view_docks[name]
        for floats in (False, True) if name == "features" else (False,):
            dock.setFloating(floats)
            user.settle()
            canvas = dock.view.native
            dock.activateWindow()
            canvas.setFocus()
            user.qtbot.waitUntil(canvas.hasFocus, timeout=5_000)
            for key, modifiers, expected in (
                (Qt.Key_Home, Qt.NoModifier, with_first_match(session, wanted[0])),
                (Qt.Key_Down, Qt.NoModifier, with_first_match(session, wanted[1])),
                (Qt.Key_Backspace, Qt.NoModifier, Selection((wanted[1],))),
            ):
                user.qtbot.keyClick(canvas, key, modifiers)
                user.settle()
                check(user, expected)
            user.qtbot.keyClick(canvas, Qt.Key_G, ALT)
            user.settle()
            assert session.cluster_groups[wanted[1]] == "good"
            user.qtbot.keyClick(canvas, Qt.Key_Z, CTRL)
            user.settle()
            assert session.cluster_groups[wanted[1]] == "unsorted"
        dock.setFloating(False)
        user.settle()


def test_typing_is_not_taken_for_shortcuts(demo: Path, open_window: Callable[..., Any]) -> None:
    user = open_window(demo)
    session, window = user.session, user.window
    user.press(Qt.Key_Home)
    before = session.selection, session.generation, len(session.history)
    text = "gklhmor: GKLHMOR 0 "
    keys = (Qt.Key_Backspace, Qt.Key_Home, Qt.Key_End, Qt.Key_Space)

    def type_all(line: Any) -> None:
        assert line.hasFocus()
        QTest.keyClicks(line, text)
        for key in keys:
            QTest.keyClick(line, key)
        QTest.keyClick(line, Qt.Key_A, CTRL)
        QTest.keyClick(line, Qt.Key_C, CTRL)
        QTest.keyClick(line, Qt.Key_V, CTRL)
        QTest.keyClick(line, Qt.Key_Z, CTRL)
        assert text.strip() in line.text()

    user.press(Qt.Key_F, CTRL)
    type_all(window.cluster_table.filter)
    QTest.keyClick(window.cluster_table.filter, Qt.Key_Escape)
    assert window.cluster_table.view.hasFocus()
    for opener in (Qt.Key_Colon, Qt.Key_L):
        QTest.keyClick(window.cluster_table.view, opener)
        type_all(window.snippets.line)
        QTest.keyClick(window.snippets.line, Qt.Key_Escape)
    window.cluster_table.filter.clear()
    user.settle()
    assert (session.selection, session.generation, len(session.history)) == before


def test_the_palette_brings_a_closed_view_back(demo: Path, open_window: Callable[..., Any]) -> None:
    user = open_window(demo)
    dock = user.window.docks["traces"]
    dock.close()
    assert not dock.isVisible()
    user.press(Qt.Key_P, CTRL)
    palette = user.window.palette_list
    QTest.keyClicks(palette.search, "show traces")
    QTest.keyClick(palette.search, Qt.Key_Return)
    user.settle()
    assert dock.is_on_screen


def test_what_was_under_the_mouse_is_not_said_of_another_selection(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    dock = user.window.docks["correlograms"]
    for leave in (
        lambda: user.press(Qt.Key_Down),
        lambda: QApplication.sendEvent(dock.view.native, QEvent(QEvent.Leave)),
    ):
        dock.view._hover(dock.view.to_pixels(0, 0.0, 1.0))
        assert dock.title_bar.note.text()
        leave()
        assert dock.title_bar.note.text() == ""


def test_a_paused_view_says_so_and_its_lasso_splits_no_clusters_that_it_does_not_show(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    dock = user.window.docks["features"]
    assert dock.title_bar.label.text() == "Features"
    dock.title_bar.buttons["pause"].click()
    assert dock.title_bar.label.text() == "Features (paused)"
    user.press(Qt.Key_Down)
    assert dock.view.data.cluster_ids != tuple(user.session.selected)
    (left, right), (low, high) = dock.view.cells[1].x.view, dock.view.cells[1].y.view
    user.lasso(dock.view, 1, [(left, low), (right, low), (right, high), (left, high)])
    clusters = set(user.session.cluster_ids)
    user.press(Qt.Key_K)
    assert "shows other clusters" in user.window.status["edit"].text()
    assert set(user.session.cluster_ids) == clusters
    user.press(Qt.Key_Down)
    assert user.window.status["edit"].text() == ""
    dock.title_bar.buttons["pause"].click()
    user.settle()
    assert dock.title_bar.label.text() == "Features"
    assert dock.view.data.cluster_ids == tuple(user.session.selected)


def test_the_most_similar_clusters_are_in_sight_when_another_one_is_chosen(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    user.window.resize(1000, 500)
    bar = user.window.tables.matches.view.verticalScrollBar()
    user.press(Qt.Key_Home)
    user.qtbot.waitUntil(lambda: bar.maximum() > 0)
    bar.setValue(bar.maximum())
    user.click_cluster(queue(user.session)[3])
    assert bar.value() == 0

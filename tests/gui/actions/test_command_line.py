"""The line of labels and commands: each command, what is wrong, and what is completed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from phygui.curation.edits.update import Selection
from phygui.curation.navigation.columns import DASH
from tests.gui.curator import CTRL, check, queue, snippet, type_line


def cell_text(user: Any, cluster: int, column: str) -> str:
    model = user.window.cluster_table.model
    place = user.window.cluster_table.column_names.index(column)
    return model.index(model.row_of(cluster), place).data()


def is_shown(table: Any, column: str) -> bool:
    header = table.view.horizontalHeader()
    return not header.isSectionHidden(table.column_names.index(column))


@pytest.mark.slow
@pytest.mark.roomy
def test_label_key_opens_a_line_that_completes_known_keys(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    session, line = user.session, user.window.snippets.line
    first, second = queue(session)[:2]
    user.select(first)
    user.press(Qt.Key.Key_L)
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
    user.press(Qt.Key.Key_L)
    type_line(user, "re", run=False)
    QTest.keyClick(line, Qt.Key.Key_Tab)
    assert line.text() == "l region="
    assert "CA1 top" in user.window.snippets.message.text()
    QTest.keyClick(line, Qt.Key.Key_Tab)
    type_line(user, "")
    assert dict(session.labels_of(second)) == {"region": "CA1 top"}
    user.press(Qt.Key.Key_Z, CTRL)
    assert not session.labels_of(second)

    # What is wrong is said in place, and the line stays.
    user.press(Qt.Key.Key_L)
    type_line(user, "nothing")
    assert "key=value" in user.window.snippets.message.text()
    assert line.hasFocus()
    QTest.keyClick(line, Qt.Key.Key_Escape)
    assert not user.window.snippets.isVisible()
    assert session.labels_of(first)

    # An empty value takes the label away.
    user.select(first)
    user.press(Qt.Key.Key_L)
    type_line(user, "region=")
    assert not session.labels_of(first)

    # What clusters are labelled is no markup, wherever it is shown.
    session.label([first], "note", "<img src='x'>")
    user.settle()
    user.press(Qt.Key.Key_L)
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
    snippet(user, "s Rate")
    assert table.model.cluster_ids == sorted(sizes, key=sizes.__getitem__)
    snippet(user, "s group -Spikes")
    assert table.model.cluster_ids[0] == c
    assert table.model.rows.order[:2] == [("group", True), ("n_spikes", False)]

    snippet(user, "t 12.5")
    left, right = user.view("traces").data.interval
    assert left < 12.5 < right
    user.press(Qt.Key.Key_T, CTRL)
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
    QTest.keyClick(table.view, Qt.Key.Key_Colon)
    line = user.window.snippets.line
    QTest.keyClick(line, Qt.Key.Key_Up)
    QTest.keyClick(line, Qt.Key.Key_Up)
    assert line.text() == "m noise"
    QTest.keyClick(line, Qt.Key.Key_Down)
    assert line.text() == "v overview"
    QTest.keyClick(line, Qt.Key.Key_Escape)


WRONG = (
    ("g 4 99", "no cluster 99"),
    ("c 99", "no cluster 99"),
    ("c four", "'four' is not a cluster id"),
    ("g 9-6", "'9-6' is not a range: it ends before it begins"),
    ("m good 9-6", "'9-6' is not a range"),
    ("c 3--6", "'3--6' is not a cluster id"),
    ("m better 4", "no cluster group 'better'"),
    ("m better 4", "; Edit > New group... adds one"),
    ("f n_spikes >", "not an expression"),
    ('f "%999999999d" % id', "% calculates with numbers"),
    ('f n_spikes > 100 & group == "good"', "write 'and' instead of '&'"),
    ('f group = "good"', "write '==' to compare"),
    ('f n_spikes > "a"', "a number cannot be compared with the text 'a'"),
    ("f n_spokes > 1", "no column n_spokes"),
    ("f __import__('os')", "only comparisons"),
    ("s n_spokes", "no column n_spokes; did you mean n_spikes?"),
    ("t yesterday", "usage: t SECONDS"),
    ("t 9999", "outside of the recording"),
    ("b 50 0.5", "below the window"),
    ("b 0.5 inf", "the window is 1 to 100,000 ms, not inf"),
    ("b 0.5 1e9", "the window is 1 to 100,000 ms, not 1e+09"),
    ("b 1e-9 50", "the bin is 0.05 to 1,000 ms, not 1e-09"),
    ("b -1 50", "the bin is 0.05 to"),
    ("b nan 50", "below the window"),
    ("s group -n_spikes depth id", "sorted by 3 columns at most, not 4"),
    ("s --depth", "no column -depth"),
    ("m goood 4", "no cluster group 'goood'; did you mean good? Edit > New"),
    ("r anything", "no ranking 'anything'; there are agreement,"),
    ("r waveform", "did you mean waveforms?"),
    ("v clasic", "no layout 'clasic'; did you mean Classic?"),
    ("f n_spike > 3", "did you mean n_spikes?"),
    ("merge 4 9", "no command 'merge'; did you mean g 4 9?"),
    ("x 1", "no command 'x'"),
)


COMPLETED = (
    ("m g", "m good "),
    ("s -n_sp", "s -n_spikes "),
    ("f quali", "f quality "),
    ('f group == "no', 'f group == "noise" '),
    ("l depth_of=1 and", "l depth_of=1 and"),
)


def test_a_wrong_snippet_says_so_in_the_line_and_changes_nothing(onlooker: Any) -> None:
    user = onlooker
    before = user.session.generation
    line, message = user.window.snippets.line, user.window.snippets.message
    for text, words in WRONG:
        snippet(user, text)
        assert words in message.text()
        assert message.property("wrong") == "true"
        assert line.hasFocus()
        # It is read whole, or else has all the room that there is.
        needed = message.fontMetrics().horizontalAdvance(message.text())
        assert message.width() >= min(needed, user.window.statusBar().width() - 600)
        assert user.session.generation == before
        # The next key replaces the line; then nothing is wrong any more.
        type_line(user, "s", run=False)
        assert line.text() == "s"
        assert message.property("wrong") == "false"
        QTest.keyClick(line, Qt.Key.Key_Escape)

    # It closes when the keyboard goes elsewhere, which keeps it.
    labels = user.window.status.values()
    for elsewhere in (user.window.cluster_table.view, user.view("features").native):
        QTest.keyClick(user.window.cluster_table.view, Qt.Key.Key_Colon)
        assert line.isVisible()
        assert not any(label.isVisible() for label in labels)
        elsewhere.setFocus()
        assert not user.window.snippets.isVisible()
        assert elsewhere.hasFocus()
        assert all(label.isVisible() for label in labels)


def test_tab_completes_groups_columns_and_operators(onlooker: Any) -> None:
    user = onlooker
    line = user.window.snippets.line
    for begun, completed in COMPLETED:
        QTest.keyClick(user.window.cluster_table.view, Qt.Key.Key_Colon)
        type_line(user, begun, run=False)
        QTest.keyClick(line, Qt.Key.Key_Tab)
        assert line.text() == completed
        assert line.hasFocus()
        QTest.keyClick(line, Qt.Key.Key_Escape)

"""Every key of the curator's workflow: what it does to the session, and what is selected next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import pytest
from qtpy.QtCore import Qt

from phygui.curation.edits.update import Selection
from tests.gui.curator import ALT, CTRL, SHIFT, check, matches, queue, with_first_match

GROUP_KEYS = (
    (Qt.Key.Key_G, "good"),
    (Qt.Key.Key_M, "mua"),
    (Qt.Key.Key_N, "noise"),
    (Qt.Key.Key_U, "unsorted"),
)


def next_undecided(session: Any, ordered: list[int], start: int) -> int | None:
    """The first undecided cluster after one, from the top again where there is none."""
    place = ordered.index(start)
    groups = session.cluster_groups
    candidates = [*ordered[place + 1 :], *ordered[:place]]
    return next((c for c in candidates if groups[c] == "unsorted"), None)


@pytest.fixture(params=["hybrid", "demo"])
def either(request: pytest.FixtureRequest) -> Path:
    return request.getfixturevalue(request.param)


def test_keys_walk_best_and_match_queues(either: Path, open_window: Callable[..., Any]) -> None:
    user = open_window(either)
    session = user.session
    wanted = queue(session)
    # What the table shows, sorted by quality, is the queue.
    everyone = queue(session, skip=False)
    assert user.window.cluster_table.model.cluster_ids == everyone

    user.press(Qt.Key.Key_Home)
    check(user, with_first_match(session, wanted[0]))
    for best in wanted[1:4]:
        user.press(Qt.Key.Key_Down)
        check(user, with_first_match(session, best))
    user.press(Qt.Key.Key_Up)
    check(user, with_first_match(session, wanted[2]))
    user.press(Qt.Key.Key_End)
    check(user, with_first_match(session, wanted[-1]))
    user.press(Qt.Key.Key_Down)
    check(user, with_first_match(session, wanted[-1]))

    user.press(Qt.Key.Key_Home)
    best = wanted[0]
    candidates = matches(session, best)
    for match in candidates[1:4]:
        user.press(Qt.Key.Key_Space)
        check(user, Selection((best,), (match,)))
    user.press(Qt.Key.Key_Space, SHIFT)
    check(user, Selection((best,), (candidates[2],)))
    user.press(Qt.Key.Key_Backspace)
    check(user, Selection((best,)))
    user.press(Qt.Key.Key_Space)
    check(user, Selection((best,), (candidates[0],)))


@pytest.mark.slow
def test_noise_and_mua_are_skipped_by_keys_and_not_by_clicks(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    session = user.session
    everyone = queue(session)
    session.move([everyone[1]], "noise")
    session.move([everyone[2]], "mua")
    user.settle()
    user.press(Qt.Key.Key_Home)
    user.press(Qt.Key.Key_Down)
    assert session.selection.best == (everyone[3],)
    skipped = {everyone[1], everyone[2]}
    seen = set(session.selection.match)
    for _ in everyone:
        user.press(Qt.Key.Key_Space)
        seen.update(session.selection.match)
    assert seen == set(everyone) - skipped - {everyone[3]}
    user.click_cluster(everyone[1])
    assert session.selection.best == (everyone[1],)
    # The toggle in the Select menu lets navigation stop at them.
    user.window.actions_by_name["skip"].trigger()
    user.press(Qt.Key.Key_Home)
    user.press(Qt.Key.Key_Down)
    assert session.selection.best == (everyone[1],)


@pytest.mark.slow
def test_a_merge_keeps_the_group_that_was_decided_and_says_so(
    small: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(small)
    session = user.session
    large, middle, little = sorted(
        session.cluster_ids.tolist(), key=lambda c: -len(session.spikes_per_cluster[c])
    )[:3]
    for cluster, key in ((middle, Qt.Key.Key_M), (little, Qt.Key.Key_G)):
        user.select(cluster)
        user.press(key, Qt.KeyboardModifier.AltModifier)
    groups = session.cluster_groups
    assert [groups[c] for c in (large, middle, little)] == ["unsorted", "mua", "good"]

    for chosen, group, why in (
        ((large, little), "good", f"good as {little}"),
        ((little, middle), "mua", f"mua as {middle}, the largest"),
        ((middle, large, little), "unsorted", f"unsorted as {large}, the largest"),
    ):
        user.select(*chosen)
        user.press(Qt.Key.Key_G)
        (merged,) = session.selection.best
        assert session.cluster_groups[merged] == group
        assert user.message.endswith(f"into {merged}, {why}")
        user.press(Qt.Key.Key_Z, CTRL)
        assert session.cluster_groups == groups
        assert merged not in session.cluster_groups


def test_merge_undo_and_redo_select_what_they_should(
    either: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(either)
    session = user.session
    user.press(Qt.Key.Key_Home)
    user.press(Qt.Key.Key_Space)
    before = session.selection
    first, second = before.clusters
    session.move([first], "good")
    session.select(before.best, before.match)
    user.settle()
    spikes = sorted([*session.spikes_per_cluster[first], *session.spikes_per_cluster[second]])
    new = max(session.cluster_ids.tolist()) + 1

    user.press(Qt.Key.Key_G)
    assert session.spikes_per_cluster[new].tolist() == spikes
    assert session.cluster_groups[new] == "good"
    assert not {first, second} & set(session.cluster_groups)
    assert session.selection.best == (new,)
    check(user, session.selection)
    assert session.selection.match[0] in session.cluster_groups
    after = session.selection

    for redo_key, modifiers in ((Qt.Key.Key_Z, CTRL | SHIFT), (Qt.Key.Key_Y, CTRL)):
        user.press(Qt.Key.Key_Z, CTRL)
        assert new not in session.cluster_groups
        check(user, before)
        user.press(redo_key, modifiers)
        assert session.spikes_per_cluster[new].tolist() == spikes
        check(user, after)
    # All of the history, the group move included, can be taken back.
    user.press(Qt.Key.Key_Z, CTRL)
    user.press(Qt.Key.Key_Z, CTRL)
    assert session.cluster_groups[first] != "good"
    assert not session.can_undo


def test_after_a_merge_its_first_match_is_selected(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    first = queue(user.session)[0]
    user.select(first, matches(user.session, first)[0])
    user.press(Qt.Key.Key_G)
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
    user.qtbot.keyClick(view.native, Qt.Key.Key_K)
    user.settle()
    new = session.selection.clusters
    largest = max(groups)
    assert all(c > largest for c in new)
    check(user, Selection(new[:1], new[1:]))
    contents = [session.spikes_per_cluster[c].tolist() for c in new]
    assert contents[0] == inside.tolist()
    assert sorted(contents[1:]) == sorted(rest for rest in rests if rest)
    assert not {*touched} & {*session.cluster_groups}
    assert view.lasso is None
    user.press(Qt.Key.Key_Z, CTRL)
    check(user, Selection(olds))
    assert session.cluster_groups == groups


def test_the_parts_of_a_split_are_decided_one_by_one_or_together(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    session = user.session
    cluster = queue(session)[0]
    for together in (False, True):
        user.select(cluster)
        first, second = session.split(session.spikes_per_cluster[cluster][::3]).added
        user.settle()
        check(user, Selection((first,), (second,)))
        if together:
            user.press(Qt.Key.Key_N, CTRL | ALT)
            assert [session.group_of(c) for c in (first, second)] == ["noise"] * 2
        else:
            user.press(Qt.Key.Key_G, ALT)
            assert [session.group_of(c) for c in (first, second)] == ["good", "unsorted"]
            check(user, with_first_match(session, second))
            user.press(Qt.Key.Key_M, ALT)
            assert [session.group_of(c) for c in (first, second)] == ["good", "mua"]
        cluster = queue(session)[1]


@pytest.mark.slow
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
        user.press(Qt.Key.Key_Z, CTRL)
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
        user.press(Qt.Key.Key_G, modifiers)
        check(user, selection)
        assert user.message.endswith("already good")
        assert user.window.status["edit"].property("wrong") == "false"
        assert session.history == edits
    # Where only one of them is, all are moved, and it goes on from the best.
    session.select([best], [other])
    user.press(Qt.Key.Key_G, CTRL | ALT)
    assert session.cluster_groups[other] == "good"
    assert session.selection.best == (next_undecided(session, queue(session), best),)


def test_save_writes_the_file_and_says_where_when_and_how_much(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    chosen = queue(user.session)[0]
    user.click_cluster(chosen)
    user.press(Qt.Key.Key_N, ALT)
    before = user.session.selection
    user.press(Qt.Key.Key_S, CTRL)
    user.qtbot.waitUntil(lambda: not user.session.is_modified, timeout=20_000)
    user.settle()
    assert "1 edit" in user.message
    assert str(demo) in user.message
    assert "saved" in user.window.status["saved"].text()
    check(user, before)
    with h5py.File(demo, "r") as file:
        group = file[f"channel_groups/0/clusters/main/{chosen}"]
        assert group.attrs["cluster_group"] == 0


def test_the_most_similar_clusters_are_in_sight_when_another_one_is_chosen(
    demo: Path, open_window: Callable[..., Any]
) -> None:
    user = open_window(demo)
    user.window.resize(1000, 500)
    bar = user.window.tables.matches.view.verticalScrollBar()
    user.press(Qt.Key.Key_Home)
    user.qtbot.waitUntil(lambda: bar.maximum() > 0)
    bar.setValue(bar.maximum())
    user.click_cluster(queue(user.session)[3])
    assert bar.value() == 0

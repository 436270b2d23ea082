"""The shared canvas: building, themes, empty state, legends."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from phygui.dataset.absent import Absent
from phygui.views.core.base import Cancelled, Empty, check
from phygui.views.core.colors import theme
from phygui.views.core.loading import missing_data
from phygui.views.core.visuals import text_width
from tests.views.board import Board


def test_spikes_are_pointed_at_again_after_every_build(board):
    pointed = []
    board.point_at = lambda data, spike_ids: pointed.append((data, spike_ids.tolist()))
    board.highlight(np.array([3, 7]))
    board.set_data("other")
    board.change_params(look="b")
    board.set_data(Empty("nothing"))
    board.highlight(np.array([7]))
    assert pointed == [("data", [3, 7]), ("other", [3, 7]), ("other", [3, 7])]
    board.set_data("more")
    board.highlight(np.empty(0, np.int64))
    assert pointed[3:] == [("more", [7]), ("more", [])]


def test_painted_follows_data_only(shown, qtbot):
    view = Board()
    painted = []
    view.painted.connect(lambda: painted.append(view.data))
    shown(view)
    assert painted == []
    view.set_data("data")
    qtbot.waitUntil(lambda: bool(painted))
    assert set(painted) == {"data"}


def test_what_is_drawn_ahead_is_drawn_once_and_stays(shown, picture, qtbot):
    view, drawn, painted = shown(Board(), "data"), [], []
    picture(view)
    view.events.draw.connect(lambda event: drawn.append(view.data), position="last")
    view.painted.connect(lambda: painted.append(view.data))
    view.set_data("other")
    view.draw_ahead()
    view.draw_ahead()
    assert drawn == ["other"]
    assert not painted
    qtbot.waitUntil(lambda: bool(painted))
    assert drawn == ["other"]
    kept = view.native.grabFramebuffer()
    view.refresh()
    qtbot.waitUntil(lambda: len(painted) > 1)
    assert drawn == ["other", "other"]
    assert view.native.grabFramebuffer() == kept


def test_what_changes_after_it_was_drawn_ahead_is_drawn_again(shown, picture, qtbot):
    view, drawn = shown(Board(), "data"), []
    picture(view)
    view.events.draw.connect(lambda event: drawn.append(view.theme), position="last")
    view.set_data("other")
    view.draw_ahead()
    with qtbot.waitSignal(view.painted):
        view.set_theme("light")
    assert drawn == ["dark", "light"]


def test_empty_state_is_written_in_lines_that_fit(shown, picture):
    reason = "No raw data: a_rather_long_name.dat was looked for beside x.kwik, in vain. " * 2
    view = shown(Board(), Empty(reason), (300, 200))
    image = picture(view)
    assert [label.text for label in view.all_labels] != []
    assert " ".join(label.text for label in view.all_labels) == reason.strip()
    lit = np.argwhere(np.abs(image - image[0, 0]).max(axis=2) > 40)
    assert lit[:, 1].min() > 5
    assert lit[:, 1].max() < 295
    assert abs(lit[:, 0].mean() - 100) < 10
    view.set_data("data")
    assert len(view.cells) == 2


def test_a_path_that_is_longer_than_a_line_is_broken(shown, picture):
    path = "/archive/2014-05-30_rat-17/session_3/sorted.by.hand/a_rather_long_name.raw.kwd"
    view = shown(Board(), Empty(f"No raw data: {path} does not exist."), (300, 200))
    assert path in "".join(label.text for label in view.all_labels)
    image = picture(view)
    lit = np.argwhere(np.abs(image - image[0, 0]).max(axis=2) > 40)
    assert lit[:, 1].min() > 5
    assert lit[:, 1].max() < 295


def test_parameters_of_the_look_build_again_and_others_make_stale(board):
    changes = []
    board.params_changed.connect(lambda: changes.append(board.params))
    assert not board.is_stale
    board.change_params(look="b")
    assert board.n_built == 2
    assert not board.is_stale
    board.change_params(n=4)
    assert board.n_built == 2
    assert board.is_stale
    board.change_params(n=4)
    assert [(p.n, p.look) for p in changes] == [(3, "b"), (4, "b")]
    board.set_data("new")
    assert not board.is_stale


@pytest.mark.parametrize("data", ["data", None], ids=["data", "not yet"])
def test_the_window_does_not_shine_through(shown, data):
    view = shown(Board(), data, (300, 200))
    drawn = view.native.grabFramebuffer()
    assert drawn.hasAlphaChannel()
    alpha = np.frombuffer(drawn.constBits().asstring(drawn.sizeInBytes()), np.uint8)[3::4]
    assert np.all(alpha == 255)


def test_themes_change_everything(board, picture):
    dark = picture(board)
    board.set_theme("light")
    light = picture(board)
    assert board.theme == "light"
    assert dark[1, 1].max() < 40
    assert light[1, 1].min() > 240
    with pytest.raises(ValueError, match="no theme 'blue'"):
        board.set_theme("blue")


def test_check_stops_when_cancelled():
    check(lambda: False)
    with pytest.raises(Cancelled):
        check(lambda: True)


def test_a_small_canvas_does_not_fail(shown, picture):
    view = shown(Board(), "data", (20, 20))
    assert picture(view).shape[2] == 3


def test_a_closed_view_goes_away_while_another_draws(board, qtbot, picture):
    import gc
    import weakref

    from phygui.views.core import vispy_parts

    for _ in range(3):
        other = Board()
        other.native.resize(200, 150)
        other.show()
        other.set_data("data")
        qtbot.wait(1)
        other.close()
        other.close()
        gone = weakref.ref(other)
        del other
        gc.collect()
        board.refresh()
        picture(board)
        qtbot.waitUntil(lambda: not vispy_parts._closing)
        gc.collect()
        assert gone() is None
    assert np.count_nonzero(picture(board).max(axis=2) > 100) > 10


def test_what_is_missing_is_said_with_what_was_looked_for():
    absent = {"traces": Absent("x.dat"), "features": Absent("x.kwx")}
    model = SimpleNamespace(path=Path("x.kwik"), absent=absent)
    assert missing_data(model, "traces").reason == (
        "No raw data: x.dat was not found beside x.kwik. Choose the file with Dataset > Locate."
    )
    assert missing_data(model, "features", "traces").reason == (
        "No features nor raw data: x.kwx was not found beside x.kwik; x.dat was not found beside "
        "x.kwik. Choose the file with Dataset > Locate."
    )


def test_data_that_is_there_but_not_used_is_said_with_the_reason():
    absent = {
        "traces": Absent("x.dat", "x.dat holds 3 bytes."),
        "waveforms": Absent("x.dat", "No."),
    }
    model = SimpleNamespace(path=Path("x.kwik"), absent=absent)
    assert missing_data(model, "traces") == Empty("No raw data: x.dat holds 3 bytes.", "traces")
    del absent["traces"]
    assert missing_data(model, "traces") == Empty("No raw data: No.", "traces")


def test_files_outside_the_folder_are_named_and_offered():
    places = tuple(Path(f"/far/{i}.dat") for i in range(4))
    model = SimpleNamespace(path=Path("x.kwik"), absent={"traces": Absent("0.dat", "", places)})
    assert missing_data(model, "features", "traces") == Empty(
        "No features nor raw data: the features cannot be read; x.kwik names /far/0.dat and "
        "/far/1.dat and 2 more, outside the folder of the dataset, which is opened only when you "
        "ask for it.",
        "traces",
        places,
    )


# -- legends -----------------------------------------------------------------------------------


class Named(Board):
    """A board on which clusters are told by their colours."""

    has_legend = True


def legend_of(view):
    """Its names from left to right, and what says how many more there are."""
    names = sorted((a for a in view.all_labels if a.color >= 0), key=lambda a: a.x)
    rest = [a for a in view.all_labels if a.text.startswith("+")]
    return names, rest


def test_the_legend_names_clusters_in_their_colours_above_the_plots(shown, picture):
    view = shown(Named(), SimpleNamespace(cluster_ids=(31, 4, 15)), (500, 300))
    plain = shown(Board(), SimpleNamespace(cluster_ids=(31, 4, 15)), (500, 300))
    names, rest = legend_of(view)
    assert [(a.text, a.color) for a in names] == [("31", 0), ("4", 1), ("15", 2)]
    assert not rest
    assert not legend_of(plain)[0]
    left, top, width, _ = view.layout.boxes.T
    assert names[0].x - text_width("31") >= left.min()
    assert names[-1].x == (left + width).max()
    # The plots give way by less than a line of text, and nothing lies over another.
    assert 0 < top.min() - plain.layout.boxes[:, 1].min() < 11
    assert all(11 <= a.y < top.min() for a in names)
    image = picture(view)[: int(top.min()), :, :]
    for k in range(3):
        color = theme().clusters[k][:3].astype(int)
        assert np.abs(image - color).max(axis=2).min() < 60


def test_a_legend_too_long_says_how_many_more_there_are(shown):
    ids = tuple(range(1000, 1040))
    for width in (900, 300, 120):
        view = shown(Named(), SimpleNamespace(cluster_ids=ids), (width, 300))
        names, rest = legend_of(view)
        left = view.layout.boxes[:, 0].min()
        assert [a.text for a in names] == [str(c) for c in ids[: len(names)]]
        assert all(a.x - text_width(a.text) >= left for a in [*names, *rest])
        assert rest[0].text == f"+{len(ids) - len(names)}"
        assert all(a.x < rest[0].x - text_width(rest[0].text) for a in names)


def test_no_legend_where_nothing_is_shown_or_there_is_no_room(shown):
    data = SimpleNamespace(cluster_ids=(4, 9))
    view = shown(Named(), Empty("Select a cluster."), (500, 300))
    assert not legend_of(view)[0]
    view.set_data(data)
    view.native.grabFramebuffer()
    assert len(legend_of(view)[0]) == 2
    low = shown(Named(), data, (500, 80))
    assert not legend_of(low)[0]

"""The signal is drawn once and its pixels then kept, and nobody can see that."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from phygui.curation.session import Session
from phygui.views.trace.data import TraceParams, load
from phygui.views.trace.view import TraceView

SIZE = (700, 400)


@pytest.fixture
def session(small):
    with Session.open(small, read_only=True) as opened:
        yield opened


@pytest.fixture
def opened(shown, session):
    """A view that counts how often it draws the signal."""

    def make(params: TraceParams | None = None) -> TraceView:
        view = TraceView(params or TraceParams(time=1.0, duration=0.2))
        view.set_data(load(session.snapshot(), view.params, lambda: False))
        drawn: list[int] = []
        draw = view._traces.draw
        view._traces.draw = lambda *arguments: (drawn.append(1), draw(*arguments))
        view.drawn_signals = drawn
        return shown(view, size=SIZE)

    return make


def on_canvas(view: TraceView) -> np.ndarray:
    """What is drawn on the canvas itself; other than a picture of the view, which is no canvas."""
    view.refresh()
    image = view.native.grabFramebuffer()
    pixels = np.frombuffer(image.bits().asstring(image.sizeInBytes()), np.uint8)
    return pixels.reshape(image.height(), image.width(), 4).copy()


def keep(view: TraceView) -> None:
    for _ in range(3):
        on_canvas(view)
    if view._draws_smoothly:
        pytest.skip("a graphics card draws all of it each time")
    n = len(view.drawn_signals)
    on_canvas(view)
    assert len(view.drawn_signals) == n


def test_other_clusters_are_drawn_over_the_signal_as_it_was_drawn(opened, session):
    view, fresh = opened(), opened()
    keep(view)
    clusters = sorted(session.cluster_ids)
    before = on_canvas(view)
    for chosen in (clusters[:1], clusters[1:4], []):
        session.select(chosen)
        n = len(view.drawn_signals)
        for each in (view, fresh):
            each.set_data(load(session.snapshot(), each.params, lambda: False))
        fresh._kept = type(fresh._kept)()
        assert np.array_equal(on_canvas(view), on_canvas(fresh))
        assert len(view.drawn_signals) == n
        assert (on_canvas(view) == before).all() == (not chosen)


@pytest.mark.parametrize(
    "change",
    [
        lambda view: view.set_theme("light"),
        lambda view: setattr(view, "data_scale", 2.0),
        lambda view: setattr(view.palette, "is_focused", True),
        lambda view: view.native.resize(600, 300),
        lambda view: view.cells[0].y.zoom(2.0, -3.0),
        lambda view: view.change_params(mode="image"),
    ],
    ids=["theme", "scale", "focus", "size", "zoom", "form"],
)
def test_the_signal_is_drawn_anew_when_anything_about_it_is_another(opened, change, qtbot):
    view, fresh = opened(), opened()
    keep(view)
    before = on_canvas(view)
    for each in (view, fresh):
        change(each)
    qtbot.wait(20)
    for _ in range(4):
        fresh._kept = type(fresh._kept)()
        now = on_canvas(view)
        assert np.array_equal(now, on_canvas(fresh))
    assert now.shape != before.shape or (now != before).any() or view.palette.is_focused


def test_another_stretch_is_drawn_at_once(opened, session):
    view = opened()
    keep(view)
    params = replace(view.params, time=2.0)
    view.set_params(params)
    view.set_data(load(session.snapshot(), params, lambda: False))
    assert np.array_equal(on_canvas(view), on_canvas(opened(params)))


def test_a_picture_of_the_view_is_drawn_as_a_whole(opened, picture):
    view = opened()
    keep(view)
    n = len(view.drawn_signals)
    picture(view, 2.0)
    assert len(view.drawn_signals) == n + 1
    on_canvas(view)
    assert len(view.drawn_signals) == n + 1

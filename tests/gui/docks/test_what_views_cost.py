"""What a selection costs: hidden views nothing, and of many spikes first a part is shown."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from phygui.views import SPECS
from phygui.views.amplitude import view as amplitude
from phygui.views.core.base import View
from phygui.views.data.draw_budget import Budget


def test_hidden_views_cost_a_selection_nothing(
    onlooker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: Counter[str] = Counter()

    def count(kind: str, cls: type[View[Any, Any]], what: str) -> None:
        done = getattr(cls, what)

        def counted(*arguments: Any) -> Any:
            counts[kind] += 1
            return done(*arguments)

        monkeypatch.setattr(cls, what, staticmethod(counted) if what == "load" else counted)

    docks = onlooker.window.view_docks
    hidden = [kind for kind in SPECS if not docks[kind].is_on_screen]
    # One that has been seen is made, and one that has never been is not.
    onlooker.window.show_dock(hidden[0])
    onlooker.settle()
    docks[hidden[0]].close()
    spikes = onlooker.window.spike_list
    for kind in SPECS:
        for what in ("load", "build", "on_draw"):
            count(kind, SPECS[kind].cls, what)
    asked: list[object] = []
    monkeypatch.setattr(spikes._work, "request", asked.append)
    onlooker.select(*list(onlooker.session.cluster_ids)[-2:])
    assert not spikes.is_on_screen
    assert not asked
    assert len(hidden) >= 10
    assert {kind: counts[kind] for kind in hidden} == dict.fromkeys(hidden, 0)
    shown = [kind for kind in SPECS if kind not in hidden]
    # Each is loaded and built at least.
    assert len(shown) >= 4
    assert {kind for kind in shown if counts[kind] < 2} == set()


def test_of_many_spikes_a_part_is_shown_first_and_all_of_them_then(
    onlooker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(amplitude, "_BUDGET", Budget(60, 600, 1000, in_parts=True))
    onlooker.window.show_dock("amplitudes")
    onlooker.settle()
    dock, pictures = onlooker.window.view_docks["amplitudes"], []
    dock.shown_data.connect(lambda: pictures.append(dock.view.data))
    cluster = onlooker.session.cluster_ids[-1]
    onlooker.select(cluster)
    onlooker.qtbot.waitUntil(lambda: len(pictures) == 2, timeout=5_000)
    first, whole = pictures
    assert (len(first.spike_ids), len(whole.spike_ids)) == (20, 60)
    assert np.isin(first.spike_ids, whole.spike_ids).all()
    assert [picture.is_partial for picture in pictures] == [True, False]
    # What the user asks for is shown at once.
    dock.view.change_params(n_spikes=40)
    onlooker.qtbot.waitUntil(lambda: len(pictures) == 3, timeout=5_000)
    assert len(pictures[-1].spike_ids) == 40

"""Channels of the features: fixed by a click, said so, and let go."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import Qt

from phygui.simulate import make_demo
from tests.gui.known import copy_known, keep_all


@pytest.fixture(scope="module")
def shuffled_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shuffled")
    made = make_demo(
        folder,
        n_spikes=3_000,
        n_clusters=8,
        n_channels=8,
        duration=20.0,
        n_channel_groups=2,
        shuffled_channels=True,
    )
    keep_all(made.kwik_path)
    return folder


@pytest.fixture
def user(shuffled_folder: Path, tmp_path: Path, open_window: Callable[..., Any]) -> Any:
    """A window on two shanks whose channels are numbered across each other."""
    return open_window(copy_known(shuffled_folder, tmp_path, "demo"))


def fixed(view: Any) -> set[str]:
    """Channels that the axes call fixed."""
    labels = view.data.labels.values()
    return {text.split()[2] for text in labels if text.startswith("fixed ch")}


def some_channel(user: Any, place: int = -1) -> int:
    """Number of a channel that is none of the best, and not its own place in the order."""
    order = [int(c) for c in user.session.model.channel_order]
    drawn = {
        text.split()[1] for text in user.view("features").data.labels.values() if "ch " in text
    }
    return [c for k, c in enumerate(order) if c != k and str(c) not in drawn][place]


def click_channel(user: Any, number: int, button: Any = Qt.MouseButton.LeftButton) -> None:
    waveforms = user.view("waveforms")
    k = waveforms.data.channel_names.index(str(number))
    user.ctrl_click(waveforms, waveforms.to_pixels(0, *waveforms.data.layout.centers[k]), button)
    user.settle()


@pytest.mark.slow
def test_a_channel_is_fixed_by_its_number_and_let_go_by_the_same_click(user: Any) -> None:
    features = user.view("features")
    for axis, button in (("x", Qt.MouseButton.LeftButton), ("y", Qt.MouseButton.RightButton)):
        number = some_channel(user)
        click_channel(user, number, button)
        assert getattr(features.params, f"{axis}_channel") == number
        assert fixed(features) == {str(number)}
        assert f"channel {number} is" in user.message
        user.press(Qt.Key.Key_Down)
        assert fixed(features) == {str(number)}
        click_channel(user, number, button)
        assert getattr(features.params, f"{axis}_channel") == -1
        assert fixed(features) == set()
        assert "automatically" in user.message


def test_a_key_lets_the_channels_of_all_feature_views_go(user: Any) -> None:
    user.window.actions_by_name["new_features"].trigger()
    user.settle()
    click_channel(user, some_channel(user))
    click_channel(user, some_channel(user, 0), Qt.MouseButton.RightButton)
    views = list(user.window.views("features"))
    assert len(views) == 2
    assert all(min(v.params.x_channel, v.params.y_channel) >= 0 for v in views)
    user.press(Qt.Key.Key_A)
    assert all(v.params == type(v.params)() for v in views)
    assert fixed(views[-1]) == set()


def test_a_fixed_channel_counts_only_where_there_is_one_of_this_number(user: Any) -> None:
    features, session = user.view("features"), user.session
    number = some_channel(user)
    click_channel(user, number)
    user.press(Qt.Key.Key_PageDown, Qt.KeyboardModifier.ControlModifier)
    assert session.channel_group == 1
    assert number not in session.model.channel_order
    assert fixed(features) == set()
    assert f"no channel {number}" in features.summary
    user.press(Qt.Key.Key_PageUp, Qt.KeyboardModifier.ControlModifier)
    assert fixed(features) == {str(number)}

"""Channels, positions and neighbours of a channel group."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from phygui import KwikModel
from phygui.errors import DatasetWarning
from tests.formats.kwik.conftest import GROUP, Tiny


def test_rows_follow_the_channel_order(tiny: Tiny) -> None:
    model = KwikModel(tiny.kwik)
    probe = model.probe
    assert probe.channels.tolist() == [4, 1, 0, 3] == model.channel_order.tolist()
    assert probe.channels.dtype == np.int64
    assert model.channels.tolist() == [0, 1, 3, 4]
    assert model.channel_positions.tolist() == [[4, 40], [1, 10], [0, 0], [3, 30]]
    assert probe.names == ("ch4", "ch1", "ch0", "ch3")
    assert probe.adjacency == {4: (3,), 1: (0, 3), 0: (1,), 3: (1, 4)}
    assert probe.groups == {0: (4, 1, 0, 3)}
    assert probe.n_channels == 4 == model.n_channels
    assert not probe.positions_assumed


def test_one_channel_without_a_position_goes_below_the_others(tiny: Tiny) -> None:
    tiny.set(f"{GROUP}/channels/1", "position", None)
    with pytest.warns(DatasetWarning, match="no usable position"):
        model = KwikModel(tiny.kwik)
    assert model.channel_positions.tolist() == [[4, 40], [3, -20], [0, 0], [3, 30]]
    assert model.positions_assumed


@pytest.mark.parametrize("position", [None, np.array([np.inf, 0]), np.array([1e30, 0])])
def test_without_most_positions_all_are_on_a_line(tiny: Tiny, position: np.ndarray | None) -> None:
    for channel in (0, 1, 3):
        tiny.set(f"{GROUP}/channels/{channel}", "position", position)
    with pytest.warns(DatasetWarning, match="20 micrometres apart"):
        model = KwikModel(tiny.kwik)
    assert model.channel_positions.tolist() == [[0, 60], [0, 40], [0, 20], [0, 0]]


def test_positions_that_are_all_the_same_are_none(tiny: Tiny) -> None:
    for channel in (0, 1, 3, 4):
        tiny.set(f"{GROUP}/channels/{channel}", "position", np.array([5.0, 5.0]))
    with pytest.warns(DatasetWarning, match="all channels"):
        assert KwikModel(tiny.kwik).positions_assumed


def test_a_single_channel_may_be_anywhere(tiny: Tiny) -> None:
    tiny.set(GROUP, "channel_order", np.array([3]))
    with h5py.File(tiny.kwx, "r+") as file:
        values = file[f"{GROUP}/features_masks"][:, :3]
        del file[f"{GROUP}/features_masks"]
        file[f"{GROUP}/features_masks"] = values
    model = KwikModel(tiny.kwik)
    assert model.channel_positions.tolist() == [[3, 30]]
    assert model.waveforms is not None
    assert model.waveforms.shape == (60, 22, 1)


@pytest.mark.parametrize(
    "graph", [None, np.zeros((0, 2), "i4"), np.arange(6), np.array([[0, 99], [-1, 1], [3, 3]]), "x"]
)
def test_a_probe_without_a_usable_graph_has_no_neighbours(
    tiny: Tiny, graph: np.ndarray | None
) -> None:
    tiny.set(GROUP, "adjacency_graph", graph)
    assert KwikModel(tiny.kwik).probe.adjacency == {4: (), 1: (), 0: (), 3: ()}

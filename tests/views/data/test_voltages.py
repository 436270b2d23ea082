"""Where no gain is known nothing says microvolts: not an axis, a scale bar or a title bar."""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np
import pytest

from phygui import KwikModel
from phygui.dataset import MICROVOLTS, RAW_UNITS
from phygui.views.amplitude.view import AmplitudeView
from phygui.views.cluster_scatter.view import ClusterScatterView
from phygui.views.data.voltages import amount, reading
from phygui.views.probe.view import ProbeView
from phygui.views.trace.view import TraceView
from phygui.views.waveform.view import WaveformView

VIEWS = (AmplitudeView, ClusterScatterView, ProbeView, TraceView, WaveformView)
TOLD = "application_data/spikedetekt"


@pytest.mark.parametrize(
    ("value", "unit", "as_bar", "as_reading"),
    [
        (200.0, MICROVOLTS, "200 µV", "200 µV"),
        (2000.0, MICROVOLTS, "2 mV", "2000 µV"),
        (2000.0, RAW_UNITS, "2000 units", "2000 units"),
        (0.0125, RAW_UNITS, "0.0125 units", "0.0125 units"),
        (-12.4, MICROVOLTS, "-12.4 µV", "-12 µV"),
    ],
)
def test_voltages_are_written_with_their_unit(
    value: float, unit: str, as_bar: str, as_reading: str
) -> None:
    assert (amount(value, unit), reading(value, unit)) == (as_bar, as_reading)


def _spelled(view: Any) -> str:
    """All that a view writes, and all that it says of what is under the mouse."""
    texts = [label.text for label in view.all_labels]
    for cell, (left, top, width, height) in enumerate(view.layout.boxes):
        for x in np.linspace(left + 1, left + width - 1, 12):
            for y in np.linspace(top + 1, top + height - 1, 12):
                texts.append(view.describe(cell, *view.to_data(cell, x, y)))
    return "\n".join(texts)


@pytest.mark.parametrize("gain", [None, 0, 0.5])
def test_every_view_names_the_unit_that_is_known(
    small: Any, snapshot_of: Any, shown: Any, gain: float | None
) -> None:
    with h5py.File(small, "r+") as file:
        told = file[TOLD].attrs
        del told["voltage_gain"]
        if gain is not None:
            told["voltage_gain"] = gain
    with KwikModel(small) as model:
        snapshot = snapshot_of(model, model.cluster_ids[:2].tolist())
        for kind in VIEWS:
            view = kind()
            data = view.load(snapshot, view.params, lambda: False)
            text = _spelled(shown(view, data, (600, 400)))
            in_volts = any(f"{letter}V" in text for letter in "µµm")
            if gain:
                assert in_volts or kind is AmplitudeView
                assert RAW_UNITS not in text
            else:
                assert not in_volts
                assert RAW_UNITS in text or kind is AmplitudeView

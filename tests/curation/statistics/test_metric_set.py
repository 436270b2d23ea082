"""What a format holds of every spike, as metrics of clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from phygui.analysis import ClusterData
from phygui.curation.statistics.metric_set import attribute_labels, attribute_metrics


@dataclass
class Stored:
    title: str
    unit: str = ""

    def read(self, spike_ids: np.ndarray) -> np.ndarray:
        return spike_ids.astype(np.float64)


def test_names_and_labels_never_meet_others() -> None:
    attributes = {
        "amplitude": Stored("amplitude", "µV"),
        "depth": Stored("depth", "µm"),
        "Z score": Stored("score"),
        "z-score": Stored("score"),
        "plain": Stored(""),
        "rate": Stored("firing rate"),
    }
    assert attribute_labels(attributes) == {
        "stored amplitude": "amplitude",
        "stored depth": "depth",
        "score": "Z score",
        "score z-score": "z-score",
        "plain": "plain",
        "stored firing rate": "rate",
    }
    specs = attribute_metrics(attributes)
    assert [s.name for s in specs] == [
        "spike_amplitude",
        "spike_depth",
        "spike_z_score",
        "spike_z_score2",
        "spike_plain",
        "spike_rate",
    ]
    assert specs[1].axis == "stored depth (µm)"


@pytest.mark.parametrize(
    ("values", "value", "reason"),
    [
        ([1.0, 5.0, np.nan, 2.0], 2.0, ""),
        ([np.nan], np.nan, "no spike has it"),
        (None, np.nan, "this shank does not have it"),
    ],
)
def test_the_median_of_the_spikes(values: list[float] | None, value: float, reason: str) -> None:
    (spec,) = attribute_metrics({"size": Stored("size")})
    held = {} if values is None else {"size": np.array(values)}
    found = spec.measure(ClusterData(n_spikes=4, attributes=held))
    np.testing.assert_equal(found.value, value)
    assert found.reason == reason

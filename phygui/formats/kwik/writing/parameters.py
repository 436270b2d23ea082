"""`NAME.prm` and `NAME.prb`: what klusta was told of a detection, which some readers look for."""

from __future__ import annotations

from collections.abc import Sequence
from pprint import pformat
from typing import Any

from phygui.formats.kwik.writing.whole import Experiment

_TRACES = ("voltage_gain", "sample_rate", "n_channels", "dtype")
_DETECTION = (
    "filter_low",
    "filter_high_factor",
    "filter_butter_order",
    "extract_s_before",
    "extract_s_after",
    "n_features_per_channel",
)


def prm_text(told: Experiment, raw_files: Sequence[str]) -> str:
    """The text of a `.prm`: a Python file of assignments."""
    metadata = told.metadata
    traces = {"raw_data_files": list(raw_files) or [f"{told.name}.dat"]}
    lines = [
        f"experiment_name = {told.name!r}",
        f"prb_file = {told.name + '.prb'!r}",
        f"traces = {_dictionary(traces | _some(metadata, _TRACES))}",
        f"spikedetekt = {_dictionary(_some(metadata, _DETECTION))}",
        "klustakwik2 = {'num_starting_clusters': 100}",
    ]
    return "\n".join(lines) + "\n"


def probe_text(told: Experiment) -> str:
    """The text of a `.prb`: the channels, neighbours and positions of each channel group."""
    groups: dict[int, Any] = {}
    for group in told.groups:
        channels = [int(channel) for channel in group.channels]
        groups[group.number] = {
            "channels": channels,
            "graph": [tuple(edge) for edge in group.edges.tolist()],
            "geometry": dict(zip(channels, map(tuple, group.positions.tolist()), strict=True)),
        }
    return f"channel_groups = {_dictionary(groups)}\n"


def _some(metadata: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: metadata[name] for name in names if name in metadata}


def _dictionary(values: dict[Any, Any]) -> str:
    return pformat(values, sort_dicts=False, width=100)

"""The door for data: what a dataset is, whatever the format it is stored in."""

from __future__ import annotations

from phygui.dataset.absent import Absent
from phygui.dataset.clock import SpikeClock
from phygui.dataset.incomplete import KINDS, absent_data, why_absent, why_incomplete
from phygui.dataset.mean_template import mean_template
from phygui.dataset.protocol import (
    MICROVOLTS,
    RAW_UNITS,
    ClusteringStore,
    Dataset,
    FeatureSource,
    Format,
    Outline,
    Outlined,
    ShankData,
    SpikeAttribute,
)
from phygui.dataset.registry import format_of, formats, open_dataset
from phygui.dataset.state import ClusteringState, Key
from phygui.dataset.timeline import Timeline
from phygui.errors import DatasetChanged, DatasetError, DatasetWarning

__all__ = [
    "KINDS",
    "MICROVOLTS",
    "RAW_UNITS",
    "Absent",
    "ClusteringState",
    "ClusteringStore",
    "Dataset",
    "DatasetChanged",
    "DatasetError",
    "DatasetWarning",
    "FeatureSource",
    "Format",
    "Key",
    "Outline",
    "Outlined",
    "ShankData",
    "SpikeAttribute",
    "SpikeClock",
    "Timeline",
    "absent_data",
    "format_of",
    "formats",
    "mean_template",
    "open_dataset",
    "why_absent",
    "why_incomplete",
]

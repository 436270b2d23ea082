"""What is known of every spike, and how it is called: at axes, and in conditions.

An attribute has a key: ``time``, ``amplitude``, ``depth``, ``interval`` (since the spike before it
of its cluster, as log10 of milliseconds), ``CHANNEL:FEATURE``, both indices from 0, the channel
into the channel order of the channel group, or ``=NAME`` for what the format holds of every spike
under this name.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from phygui.curation.statistics.amplitudes import amplitude_unit
from phygui.curation.statistics.metric_set import attribute_labels
from phygui.dataset import ShankData

TIME, AMPLITUDE, DEPTH, INTERVAL = "time", "amplitude", "depth", "interval"

_LABELS = {TIME: "time (s)", DEPTH: "depth (µm)", INTERVAL: "interval (ms)"}


def feature_key(channel: int, feature: int) -> str:
    """Key of one feature of one channel, both indices."""
    return f"{channel}:{feature}"


def stored_key(name: str) -> str:
    """Key of what the format holds under a name."""
    return f"={name}"


def stored_name(key: str) -> str | None:
    """The name under which the format holds what a key stands for; None for other attributes."""
    return key[1:] if key.startswith("=") else None


def parse_key(key: str) -> tuple[int, int] | None:
    """Channel and feature of a key, both indices; None for other attributes."""
    if stored_name(key) is not None:
        return None
    channel, colon, feature = key.partition(":")
    return (int(channel), int(feature)) if colon else None


def axis_label(shank: ShankData, key: str) -> str:
    """Name and unit of an attribute, as it stands at an axis."""
    found = parse_key(key)
    if found is not None:
        return f"ch {int(shank.channels[found[0]])} PC{found[1] + 1}"
    if key in _LABELS:
        return _LABELS[key]
    name = stored_name(key)
    if name is None:
        label, unit = "amplitude", amplitude_unit(shank)
    else:
        labels = {name: label for label, name in attribute_labels(shank.attributes).items()}
        label, unit = labels[name], shank.attributes[name].unit
    return f"{label} ({unit})" if unit else label


def times_of(shank: ShankData, spike_ids: NDArray[np.int64]) -> NDArray[np.float64]:
    """Times of some spikes in seconds, (n,); those of the others are not computed."""
    return shank.spike_samples[spike_ids] / shank.sample_rate


class Words(NamedTuple):
    """How attributes are called in conditions."""

    keys: dict[str, str]
    """Key of each by its name, which is a word: ``ch3_pc1``."""
    headings: dict[str, str]
    """The name of each by what stands at axes, which need be no word: ``ch 3 PC1``."""


def attribute_words(shank: ShankData) -> Words:
    """The names of the attributes of a shank's spikes: time, amplitude, stored ones, features."""
    keys = {TIME: TIME, AMPLITUDE: AMPLITUDE}
    headings: dict[str, str] = {}
    for label, stored in attribute_labels(shank.attributes).items():
        word = stem = re.sub(r"\W+", "_", label.lower()).strip("_") or "stored"
        if not word.isidentifier():
            word = stem = f"spike_{word}"
        number = 2
        while word in keys:
            word, number = f"{stem}_{number}", number + 1
        keys[word] = stored_key(stored)
        headings[label] = word
    if shank.features is not None:
        for place, channel in enumerate(shank.channels.tolist()):
            for feature in range(shank.features.n_features):
                word, key = f"ch{channel}_pc{feature + 1}", feature_key(place, feature)
                keys[word] = key
                headings[axis_label(shank, key)] = word
                headings[f"ch{channel}_PC{feature + 1}"] = word
    return Words(keys, headings)

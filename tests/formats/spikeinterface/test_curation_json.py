"""Curations as SpikeInterface's format tells them: what it makes of them is what was meant."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from phygui.formats.spikeinterface.curation_json import curation_json
from phygui.formats.spikeinterface.curation_steps import CurationError, apply_steps
from phygui.formats.spikeinterface.units import UnitNumbers

Units = list[Any]


def units_of(unit_ids: Units, places: np.ndarray) -> np.ndarray:
    return np.array([unit_ids[place] for place in places], dtype=object)


def by_spikeinterface(
    unit_ids: Units, spike_units: np.ndarray, told: Any
) -> tuple[np.ndarray, dict[str, dict[Any, str]]]:
    """The unit of each spike after `apply_curation`, and the properties of the units."""
    import spikeinterface.core as si
    from spikeinterface.curation import apply_curation

    spikes = np.zeros(len(spike_units), si.base.minimum_spike_dtype)
    # Two segments: indices count over both.
    half = len(spikes) // 2
    spikes["sample_index"] = np.arange(len(spikes))
    spikes["segment_index"] = np.arange(len(spikes)) >= half
    spikes["unit_index"] = spike_units
    found = apply_curation(si.NumpySorting(spikes, 30_000.0, np.array(unit_ids)), told)
    after = found.to_spike_vector(concatenated=True)
    ids = [each.item() for each in found.unit_ids]
    places = np.full(len(spikes), -1)
    places[after["sample_index"]] = after["unit_index"]
    properties = {
        name: dict(zip(ids, map(str, found.get_property(name)), strict=True))
        for name in found.get_property_keys()
    }
    return units_of([*ids, None], places), properties


@settings(max_examples=30, deadline=None)
@given(
    spikes=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), min_size=2, max_size=40),
    are_texts=st.booleans(),
    groups=st.dictionaries(st.integers(0, 6), st.sampled_from(["good", "noise", "other"])),
    notes=st.dictionaries(st.integers(0, 6), st.sampled_from(["a", "b c"])),
    removed=st.sets(st.integers(0, 6), max_size=1),
)
def test_any_curation_is_what_spikeinterface_makes_of_it(
    spikes: list[tuple[int, int]],
    are_texts: bool,
    groups: dict[int, str],
    notes: dict[int, str],
    removed: set[int],
) -> None:
    unit_ids: Units = [str(n) for n in range(6)] if are_texts else list(range(6))
    spike_units, spike_clusters = np.array(spikes).T
    names: dict[int, Any] = {c: str(c) if are_texts else c for c in range(7)}
    told = curation_json(
        unit_ids, spike_units, spike_clusters, names, groups, {"note": notes}, removed=removed
    )
    wanted = np.array([None if c in removed else names[c] for c in spike_clusters.tolist()])
    found, properties = by_spikeinterface(unit_ids, spike_units, told)
    assert found.tolist() == wanted.tolist()
    living = set(spike_clusters.tolist()) - removed
    for name, of in (("quality", groups), ("note", notes)):
        texts = {c: properties.get(name, {}).get(names[c], "") for c in living}
        assert texts == {c: of.get(c, "") for c in living}
    curated = apply_steps(told, unit_ids, spike_units)
    own = units_of(curated.unit_ids, curated.spike_units)
    assert own.tolist() == [names[c] for c in spike_clusters.tolist()]
    assert curated.removed == {names[c] for c in removed & set(spike_clusters.tolist())}
    for c in living:
        assert (curated.text(names[c], "note") or "") == notes.get(c, "")
        assert (curated.text(names[c], "quality") or "") == groups.get(c, "")


def test_what_one_step_can_tell_is_one() -> None:
    spike_units = np.array([0, 1, 2, 0, 1, 2, 2])
    clusters = np.array([4, 4, 5, 4, 4, 6, 6])
    told = curation_json([0, 1, 2], spike_units, clusters, {4: 4, 5: 5, 6: 6}, {4: "good"}, {})
    assert isinstance(told, dict)
    assert told["merges"] == [{"unit_ids": [0, 1], "new_unit_id": 4}]
    [split] = told["splits"]
    assert split["indices"] == [[0]]
    assert split["new_unit_ids"] == [5, 6]
    quality = told["label_definitions"]["quality"]
    assert quality == {"label_options": ["good", "mua", "noise"], "exclusive": True}
    assert [each["unit_id"] for each in told["manual_labels"]] == [0, 1]


def test_curations_of_others_are_read() -> None:
    step = {
        "format_version": "2",
        "unit_ids": ["0", "1", "2", "3"],
        "label_definitions": {"tags": {"label_options": ["x", "y"], "exclusive": False}},
        "manual_labels": [{"unit_id": "0", "labels": {"tags": ["x", "y"]}}],
        "merges": [{"unit_ids": ["1", "2"], "new_unit_id": None}],
        "splits": [{"unit_id": "3", "mode": "labels", "labels": [7, 2], "new_unit_ids": None}],
        "removed": [],
    }
    spike_units = np.array([0, 1, 2, 3, 3])
    curated = apply_steps(step, ["0", "1", "2", "3"], spike_units)
    assert units_of(curated.unit_ids, curated.spike_units).tolist() == ["0", "4", "4", "6", "5"]
    assert curated.text("0", "tags") == "x, y"
    expected, _ = by_spikeinterface(["0", "1", "2", "3"], spike_units, step)
    assert expected.tolist() == ["0", "4", "4", "6", "5"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"unit_ids": [0, 1]}, "lacks unit 2"),
        ({"unit_ids": ["0", "1", "2"]}, "names unit '"),
        ({"format_version": "9"}, "version"),
        ({"merges": [{"unit_ids": [0, 1], "new_unit_id": 2}]}, "already"),
        ({"merges": [[0, 1], [1, 2]]}, "twice"),
        ({"splits": [{"unit_id": 0, "indices": [[9]]}]}, "spike 9"),
        ({"splits": [{"unit_id": 0, "indices": "x"}]}, "part of unit 0"),
        ({"splits": [{"unit_id": 0, "mode": "labels", "labels": [1]}]}, "parts of 1 spikes"),
        ({"manual_labels": [{"unit_id": 8, "labels": {}}]}, "unit 8"),
        ({"manual_labels": 3}, "no curation"),
        ({"unit_ids": None}, "no curation"),
    ],
)
def test_what_makes_no_sense_is_told(change: dict[str, Any], words: str) -> None:
    step = {"format_version": "2", "unit_ids": [0, 1, 2], **change}
    with pytest.raises(CurationError, match=words):
        apply_steps(step, [0, 1, 2], np.array([0, 0, 1, 2]))


def test_units_are_clusters_of_their_numbers_or_counted() -> None:
    numbers = UnitNumbers(["3", "0", "12"])
    assert numbers.clusters == [3, 0, 12]
    assert numbers.largest == 12
    assert (numbers.unit_of(12), numbers.unit_of(13)) == ("12", "13")
    names = UnitNumbers(["a", "7", "b"])
    assert names.clusters == [0, 1, 2]
    assert names.largest == 7
    assert (names.unit_of(1), names.unit_of(8)) == ("7", "8")
    assert names.clusters_of(["a", "9", "a-split0"]) == {"a": 0, "9": 9, "a-split0": 10}
    assert UnitNumbers([5, 1]).unit_of(6) == 6

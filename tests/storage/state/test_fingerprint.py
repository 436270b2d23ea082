"""Different states have different fingerprints; the same state has one, however it is stored."""

from __future__ import annotations

import numpy as np
import pytest

from phygui.storage.state.fingerprint import FileStamp, fingerprint

CLUSTERS = [3, 4, 4, 7]
GROUPS = {3: 2, 4: 3, 7: 0}
LABELS = {4: {"a": "b"}}


@pytest.mark.parametrize("dtype", [np.int32, np.uint32, np.int64, np.uint16])
def test_the_same_state_however_it_is_stored(dtype):
    expected = fingerprint(CLUSTERS, GROUPS, LABELS)
    turned = dict(reversed(GROUPS.items()))
    assert fingerprint(np.array(CLUSTERS, dtype), turned, {**LABELS, 3: {}}) == expected


@pytest.mark.parametrize(
    "other",
    [
        ([3, 4, 4, 8], GROUPS, LABELS),
        ([3, 4, 4], GROUPS, LABELS),
        (CLUSTERS, {**GROUPS, 7: 1}, LABELS),
        (CLUSTERS, GROUPS, {4: {"a": "c"}}),
        (CLUSTERS, GROUPS, {}),
    ],
)
def test_another_state(other):
    assert fingerprint(*other) != fingerprint(CLUSTERS, GROUPS, LABELS)


def test_large_arrays_are_hashed_whole():
    values = np.zeros(3_000_000, np.int32)
    before = fingerprint(values, {})
    values[-1] = 1
    assert fingerprint(values, {}) != before


def test_a_stamp_changes_with_the_file(tmp_path):
    path = tmp_path / "a"
    path.write_text("x")
    stamp = FileStamp.of(path)
    assert FileStamp.of(path) == stamp
    other = tmp_path / "b"
    other.write_text("y")
    other.replace(path)
    assert FileStamp.of(path) != stamp

"""Records come back as they were, and nothing else passes for one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from phygui.storage.state.records import (
    Record,
    RecordError,
    decode,
    decode_all,
    encode,
)

integers = hnp.arrays(np.int64, st.integers(0, 60), elements=st.integers(0, 2**62))


@given(integers, st.booleans(), st.dictionaries(st.text(), st.text()))
def test_round_trip(values, in_order, text):
    values = np.sort(values) if in_order else values
    data = encode(Record({"words": text}, {"a": values, "b": values[::-1]}))
    record, end = decode(data)
    assert end == len(data)
    assert record.text == {"words": text}
    np.testing.assert_array_equal(record.arrays["a"], values)
    np.testing.assert_array_equal(record.arrays["b"], values[::-1])


def test_sorted_spike_ids_are_compact():
    ids = np.sort(np.random.default_rng(0).choice(1_000_000, 10_000, replace=False))
    assert len(encode(Record({}, {"spikes": ids}))) < 16_000
    assert len(encode(Record({}, {"spikes": np.arange(10_000)}))) < 200


@pytest.mark.parametrize("values", [np.array([-1]), np.array([0.5]), np.zeros((2, 2), int)])
def test_only_rows_of_integers_from_zero_up(values):
    with pytest.raises(RecordError, match="spikes"):
        encode(Record({}, {"spikes": values}))


def test_every_cut_and_every_flipped_bit_is_seen():
    first = encode(Record({"n": 1}, {"a": np.arange(5)}))
    data = first + encode(Record({"n": 2}, {"a": np.arange(9)}))
    for size in range(len(first), len(data)):
        records, end, problem = decode_all(data[:size])
        assert [r.text["n"] for r in records] == [1]
        assert end == len(first)
        assert bool(problem) == (size > len(first))
    for position in range(len(first), len(data)):
        for bit in (0, 7):
            damaged = bytearray(data)
            damaged[position] ^= 1 << bit
            assert len(decode_all(bytes(damaged))[0]) == 1


def test_a_newer_format_is_refused():
    data = bytearray(encode(Record({})))
    data[4] = 9
    with pytest.raises(RecordError, match="format 9"):
        decode(bytes(data))


@given(st.binary(max_size=200))
def test_no_bytes_do_harm(data):
    decode_all(data)
    decode_all(b"PhyR\x01\x00" + data)

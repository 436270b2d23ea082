"""What of a journal cannot be read is told, with how many edits that concerns."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phygui.storage.state.damage import examine
from phygui.storage.state.journal import read_journal
from phygui.storage.state.records import Record, encode

WORDS = ("base", "edit", "edit", "undo", "saving", "saved", "redo", "edit")
PIECES = [
    encode(Record({"op": word, "n": n}, {"spikes": np.arange(50 * n)}))
    for n, word in enumerate(WORDS)
]
DATA = b"".join(PIECES)
STARTS = [len(b"".join(PIECES[:n])) for n in range(len(PIECES) + 1)]
EDITS = ("edit", "undo", "redo")


def n_edits_from(number: int) -> int:
    return sum(word in EDITS for word in WORDS[number:])


def record_at(position: int) -> int:
    return int(np.searchsorted(STARTS, position, side="right")) - 1


@given(st.integers(0, len(DATA) - 1), st.integers(0, 7))
def test_a_bit_flip_anywhere_is_told_with_the_edits_that_are_lost(tmp_path_factory, position, bit):
    path = tmp_path_factory.getbasetemp() / "journal"
    data = bytearray(DATA)
    data[position] ^= 1 << bit
    path.write_bytes(data)
    content = read_journal(path)
    number = record_at(position)
    assert len(content.records) == number
    assert content.size == STARTS[number]
    assert f"record {number + 1} of {path} is unreadable" in content.damage
    lost = examine(bytes(data), content.size)
    expected = n_edits_from(number)
    # A flip in the word itself hides that it was no edit, one in a length what came within it.
    assert lost.n_edits in (expected, expected + 1)
    assert str(lost) in content.damage


@given(st.integers(1, len(DATA) - 1))
def test_a_cut_is_told_wherever_a_record_is_cut(size):
    number = record_at(size)
    lost = examine(DATA[:size], STARTS[number])
    if size == STARTS[number]:
        assert lost.n_edits == 0
        assert lost.is_exact
    else:
        assert lost.n_edits == 1 or (WORDS[number] not in EDITS and lost.n_edits == 0)


@pytest.mark.parametrize("n_zeros", [1, 4096])
def test_zeros_are_told_as_zeros(tmp_path, n_zeros):
    path = tmp_path / "journal"
    path.write_bytes(DATA + bytes(n_zeros))
    content = read_journal(path)
    assert len(content.records) == len(WORDS)
    assert f"{n_zeros} bytes that are zero: how many edits" in content.damage


def test_zeros_over_several_records_are_at_least_what_is_seen(tmp_path):
    path = tmp_path / "journal"
    data = bytearray(DATA)
    data[STARTS[1] + 10 : STARTS[4] - 3] = bytes(STARTS[4] - 3 - STARTS[1] - 10)
    path.write_bytes(data)
    content = read_journal(path)
    assert len(content.records) == 1
    assert "at least 3 edits could not be read" in content.damage


def test_records_of_a_newer_format_are_told_and_counted(tmp_path):
    path = tmp_path / "journal"
    newer = bytearray(b"".join(PIECES[3:]))
    for start in np.array(STARTS[3:-1]) - STARTS[3]:
        newer[start + 4] = 2
    path.write_bytes(b"".join(PIECES[:3]) + newer)
    content = read_journal(path)
    assert len(content.records) == 3
    assert "it has the format 2, and 1 is the newest known" in content.damage
    assert f"{n_edits_from(3)} edits could not be read" in content.damage


def test_a_journal_that_is_whole_has_no_damage(tmp_path):
    path = tmp_path / "journal"
    path.write_bytes(DATA)
    assert not read_journal(path).damage
    assert not read_journal(tmp_path / "none").damage


@given(st.binary(max_size=300))
def test_no_bytes_do_harm(data):
    assert examine(data, 0).n_edits >= 0
    assert examine(DATA + data, len(DATA)).n_edits >= 0

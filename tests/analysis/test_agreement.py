"""The confusion table of two clusterings, against a table counted spike by spike."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phygui.analysis import agreement

SPIKES = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2**31 - 1)), max_size=60)


@given(SPIKES)
def test_every_entry_is_what_counting_gives(spikes):
    a = np.array([s[0] for s in spikes], np.int32)
    b = np.array([s[1] % 7 if k % 2 else s[1] for k, s in enumerate(spikes)], np.int32)
    found = agreement(a, b)
    expected = Counter(zip(a.tolist(), b.tolist(), strict=True))
    pairs = zip(found.ids_a[found.rows].tolist(), found.ids_b[found.columns].tolist(), strict=True)
    assert dict(zip(pairs, found.counts.tolist(), strict=True)) == dict(expected)
    assert found.n_spikes == len(a)
    assert dict(zip(found.ids_a.tolist(), found.sizes_a.tolist(), strict=True)) == Counter(
        a.tolist()
    )
    for k, (i, j) in enumerate(zip(found.rows, found.columns, strict=True)):
        in_a, in_b = a == found.ids_a[i], b == found.ids_b[j]
        assert found.recall[k] == (in_a & in_b).sum() / in_a.sum()
        assert found.precision[k] == (in_a & in_b).sum() / in_b.sum()
        assert found.jaccard[k] == (in_a & in_b).sum() / (in_a | in_b).sum()
    for place in range(len(found.ids_a)):
        pairs_of = found.pairs_of(place)
        assert (found.rows[pairs_of] == place).all()
        assert (np.diff(found.counts[pairs_of]) <= 0).all()
        best = found.best()[place]
        assert found.rows[best] == place
        assert found.jaccard[best] == found.jaccard[pairs_of].max()
    other = found.swapped().swapped()
    assert np.array_equal(other.counts, found.counts)
    assert np.array_equal(other.rows, found.rows)


def test_a_merge_and_a_split_are_told():
    a = np.repeat([1, 2, 3, 4], [10, 20, 30, 40])
    b = np.repeat([7, 7, 3, 8, 9], [10, 20, 30, 30, 10])
    found = agreement(a, b)
    best = found.best()
    assert found.ids_b[found.columns[best]].tolist() == [7, 7, 3, 8]
    assert found.recall[best].tolist() == [1, 1, 1, 0.75]
    assert found.precision[best].tolist() == [1 / 3, 2 / 3, 1, 1]
    with pytest.raises(ValueError, match="100 and 99 spikes"):
        agreement(a, b[1:])

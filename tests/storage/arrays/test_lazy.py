"""Lazy arrays mean by an index what numpy means by it, errors included."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from phygui.storage.arrays.lazy import LazyArray, Selection
from phygui.storage.arrays.stores import orthogonal


class Lazy(LazyArray):
    """An array that is read as a store would read it, and remembers how much it read."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array
        self.shape = array.shape
        self.dtype = array.dtype
        self.n_read = 0

    def _read(self, selections: list[Selection]) -> np.ndarray:
        for selection in selections:
            if isinstance(selection, slice):
                assert selection.step > 0
                assert 0 <= selection.start <= selection.stop
        for selection in selections[1:]:
            if not isinstance(selection, slice):
                assert np.all(np.diff(selection) > 0)
        block = orthogonal(self.array, selections)
        self.n_read = block.size
        return block


def outcome(array: Any, key: Any) -> Any:
    """What indexing gives: an array, or the type of the error."""
    try:
        with warnings.catch_warnings():
            # For numpy 2.2 a wrong index of an empty array is only worth a warning.
            warnings.simplefilter("error", DeprecationWarning)
            return np.asarray(array[key])
    except DeprecationWarning:
        return IndexError
    except (IndexError, ValueError, TypeError) as error:
        return type(error)


def check(array: np.ndarray, key: Any) -> None:
    expected, found = outcome(array, key), outcome(Lazy(array), key)
    if isinstance(expected, type):
        assert found is expected, key
    else:
        assert not isinstance(found, type), key
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected, strict=True)


def entries(length: int) -> st.SearchStrategy[Any]:
    """Indices along one axis, a few of them wrong."""
    numbers = st.integers(-length - 1, length)
    return st.one_of(
        numbers,
        numbers.map(np.int64),
        st.slices(length + 2),
        st.lists(numbers, max_size=6),
        hnp.arrays(np.int64, st.integers(0, 6), elements=numbers),
        hnp.arrays(np.uint8, st.integers(1, 3), elements=st.integers(0, max(0, length - 1))),
        hnp.arrays(bool, st.sampled_from([length, length, length, length + 1, 0])),
        st.just([True, False]),
    )


@st.composite
def indexed(draw: st.DrawFn) -> tuple[np.ndarray, Any]:
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=6))
    array = np.arange(int(np.prod(shape)), dtype=np.float32).reshape(shape)
    if draw(st.booleans()):
        return array, draw(entries(shape[0]))
    n = draw(st.integers(0, len(shape) + 1))
    key = [draw(entries(shape[min(axis, len(shape) - 1)])) for axis in range(n)]
    if draw(st.booleans()):
        key.insert(draw(st.integers(0, len(key))), Ellipsis)
    if draw(st.integers(0, 3)) == 0:
        key.insert(draw(st.integers(0, len(key))), None)
    return array, tuple(key)


@given(indexed())
@settings(max_examples=3 * settings.default.max_examples)
def test_any_index_means_what_numpy_means(case: tuple[np.ndarray, Any]) -> None:
    check(*case)


@pytest.mark.parametrize("shape", [(0,), (0, 2), (3, 0), (0, 0)])
@pytest.mark.parametrize("before", [(), (...,)])
def test_an_empty_mask_takes_nothing_as_in_numpy(
    shape: tuple[int, ...], before: tuple[Any, ...]
) -> None:
    check(np.arange(6).reshape(3, 2), (*before, np.zeros(shape, bool)))


@given(
    hnp.basic_indices((5, 4, 3), allow_newaxis=True, allow_ellipsis=True)
    | hnp.integer_array_indices((5, 4, 3))
)
def test_the_indices_hypothesis_knows(key: Any) -> None:
    check(np.arange(60).reshape(5, 4, 3), key)


@pytest.mark.parametrize(
    "key",
    [
        np.ones((5, 4), dtype=bool),
        np.eye(5, 4, dtype=bool),
        (Ellipsis, np.ones((4, 3), dtype=bool)),
        (slice(None), np.ones((4, 3), dtype=bool)),
        np.ones((5, 4, 3), dtype=bool),
        (np.ones(5, dtype=bool), [0, 1, 2, 3, 0]),
        (np.array([[0, 1], [2, 3]]),),
        (np.array([[0], [2]]), np.array([1, 3])),
        (np.array([[0], [2]]), np.array([3, 1, 1])),
        (np.array([[0], [2]]), np.array([[3, 1, 1]]), slice(1, None)),
        (np.array([[0], [2]]), np.array([1, 3]), 0),
        (None, [1, 2], slice(None), 0),
        (None, 0, Ellipsis, 0, []),
        (0, slice(None), [1, 2]),
        ([1, 2], slice(None), [1, 2]),
        (slice(None), [1, 2], 0),
        [],
        (),
        np.array([], dtype=np.float64),
        "a",
        1.5,
        [0.5],
        {0: 1},
        (0, 0, 0, 0),
        (Ellipsis, Ellipsis),
        slice(None, None, 0),
        slice("a", None),
        range(3),
        np.array(2),
        2**70,
        np.uint64(2),
    ],
    ids=repr,
)
def test_an_index_of_a_three_dimensional_array(key: Any) -> None:
    check(np.arange(60).reshape(5, 4, 3), key)


def test_only_what_is_asked_for_is_read() -> None:
    lazy = Lazy(np.arange(600.0).reshape(10, 20, 3))
    for key, n_read in [
        (3, 60),
        ((3, 4), 3),
        (([1, 5], slice(2, 6)), 24),
        (([1, 5], slice(2, 12, 5), 0), 4),
        ((slice(None, None, -3), [7, 7, 7], 1), 4),
        ((np.array([[1], [5]]), [2, 9]), 12),
    ]:
        lazy[key]
        assert lazy.n_read == n_read, key


def test_an_array_on_disk_is_a_sequence() -> None:
    array = np.arange(12).reshape(4, 3)
    lazy = Lazy(array)
    assert (len(lazy), lazy.ndim, lazy.size, lazy.shape) == (4, 2, 12, (4, 3))
    assert [row.tolist() for row in lazy] == array.tolist()
    np.testing.assert_array_equal(np.asarray(lazy), array)
    assert np.asarray(lazy, dtype=np.float32).dtype == np.float32
    with pytest.raises(ValueError, match="without a copy"):
        np.array(lazy, copy=False)


def test_a_bare_bool_is_refused() -> None:
    with pytest.raises(IndexError):
        Lazy(np.arange(3))[True]


def test_what_is_given_does_not_keep_more_alive() -> None:
    found = Lazy(np.arange(600.0).reshape(10, 60))[[1, 2, 3], 5]
    assert found.base is None or found.base.size == found.size

"""The raster of trials: which spike is in which row, and what is drawn of very many."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from phygui.views.peth.trials import trials_of

WITHIN = (-200, 500)


def naive(events: np.ndarray, samples: np.ndarray) -> list[tuple[int, float]]:
    found = []
    for trial, event in enumerate(events.tolist()):
        lags = samples - event
        found += [(trial, lag / 100.0) for lag in lags[(lags >= -200) & (lags < 500)].tolist()]
    return found


@given(
    st.lists(st.integers(0, 5_000), max_size=12),
    st.lists(st.integers(0, 5_000), max_size=60),
)
def test_every_spike_is_in_the_row_of_its_trial(events: list[int], samples: list[int]) -> None:
    at, train = np.sort(events).astype(np.int64), np.sort(samples).astype(np.int64)
    found = trials_of(at, train, WITHIN, 100.0, 10_000, by_time=False)
    assert list(zip(found.trials.tolist(), found.lags.tolist(), strict=True)) == naive(at, train)
    assert_array_equal(found.n_spikes, np.bincount(found.trials, minlength=len(at)))
    assert_array_equal(found.rows, np.arange(len(at)))


def test_trials_come_by_their_first_spike_from_the_event_on() -> None:
    events = np.array([1_000, 3_000, 5_000, 7_000])
    # The second answers late and had a spike before; the third not at all; the fourth at once.
    samples = np.array([1_100, 2_950, 3_300, 4_900, 7_000])
    found = trials_of(events, samples, WITHIN, 100.0, 100, by_time=True)
    assert found.rows.tolist() == [1, 2, 3, 0]


def test_of_very_many_spikes_a_regular_sample_is_drawn() -> None:
    events, samples = np.arange(0, 100_000, 1_000), np.arange(0, 100_000, 2)
    found = trials_of(events, samples, (0, 500), 100.0, 1_000, by_time=False)
    assert len(found.lags) == 1_000
    assert found.n_spikes.tolist() == [250] * 100
    assert np.bincount(found.trials).tolist() == [10] * 100
    assert found.lags.min() >= 0
    assert found.lags.max() < 5


@pytest.mark.parametrize("by_time", [False, True])
def test_without_events_or_spikes_there_is_nothing(by_time: bool) -> None:
    none, some = np.empty(0, np.int64), np.array([100, 200])
    for events, samples in ((none, some), (some, none), (none, none)):
        found = trials_of(events, samples, WITHIN, 100.0, 10, by_time=by_time)
        assert found.n_spikes.tolist() == [0] * len(events)
        assert len(found.lags) == 0
        assert len(found.rows) == len(events)

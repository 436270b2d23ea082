"""Waveforms against the same snippets cut from the whole recording, filtered by scipy."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import butter, filtfilt

from phygui import KwikModel
from phygui.errors import DatasetWarning
from phygui.storage.arrays import _window_loops, windows
from phygui.storage.arrays import waveforms as module
from phygui.storage.arrays.bandpass import BandPass
from phygui.storage.arrays.stores import MemoryStore
from phygui.storage.arrays.traces import Traces
from phygui.storage.arrays.waveforms import Waveforms

RATE, BEFORE, AFTER = 20000.0, 16, 16
RANGE = np.arange(-BEFORE, AFTER)


def filtered(traces: np.ndarray, low: float = 500, high: float = 9500) -> np.ndarray:
    b, a = butter(3, [low / (RATE / 2), high / (RATE / 2)], "bandpass")
    return filtfilt(b, a, traces.astype(np.float64), axis=0)


def snippets(whole: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Snippets of a filtered recording; what lies outside it is zero."""
    at = np.asarray(times, dtype=np.int64)[:, None] + RANGE
    inside = (at >= 0) & (at < len(whole))
    return np.where(inside[:, :, None], whole[np.clip(at, 0, len(whole) - 1)], 0)


def slow(n: int, n_channels: int = 5, seed: int = 0) -> np.ndarray:
    """Noise on waves of 7 and 50 Hz twenty times larger, and a drift."""
    rng = np.random.default_rng(seed)
    t = np.arange(n)[:, None] / RATE
    waves = 2000 * np.sin(2 * np.pi * 7 * t + 1) + 600 * np.sin(2 * np.pi * 50 * t)
    return (rng.normal(0, 60, (n, n_channels)) + waves + 3000 * t).astype(np.int16)


def make(
    recordings: list[np.ndarray],
    times: np.ndarray,
    numbers: np.ndarray | None = None,
    channels: np.ndarray | None = None,
    band_pass: BandPass | None = None,
    warn: Callable[[str], None] = pytest.fail,
) -> Waveforms:
    if numbers is None:
        numbers = np.zeros(len(times), dtype=np.int32)
    return Waveforms(
        Traces([MemoryStore(traces) for traces in recordings]),
        np.asarray(times, dtype=np.uint64),
        numbers,
        np.arange(recordings[0].shape[1]) if channels is None else channels,
        BEFORE,
        AFTER,
        band_pass or BandPass(RATE, 500, 9500, 3),
        warn,
    )


def largest_error(found: np.ndarray, expected: np.ndarray) -> float:
    """In parts of the peak of each waveform."""
    peak = np.abs(expected).max(axis=(1, 2), keepdims=True)
    return float((np.abs(found - expected) / peak).max())


@pytest.fixture(params=["small", "simulated_20sec"])
def simulated(request: pytest.FixtureRequest) -> KwikModel:
    if request.param == "small":
        return KwikModel(request.getfixturevalue("small"))
    return KwikModel(request.getfixturevalue("copy_dataset")(request.param))


def test_a_simulated_recording(simulated: KwikModel) -> None:
    assert simulated.traces is not None
    assert simulated.waveforms is not None
    expected = snippets(filtered(simulated.traces[:]), simulated.spike_samples)
    found = simulated.waveforms[:]
    assert found.dtype == np.float32
    assert found.shape == (simulated.n_spikes, 32, 32)
    assert largest_error(found, expected) < 0.001


@pytest.mark.parametrize("batch_bytes", [1, 2**25])
def test_means_and_single_samples_are_those_of_the_waveforms(
    batch_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of spikes at the edges, in several recordings, and after the end of one."""
    monkeypatch.setattr(module, "_BATCH_BYTES", batch_bytes)
    said: list[str] = []
    recordings = [slow(6000, seed=1), slow(3000, seed=2) + 30_000, slow(90, seed=3)]
    times = np.r_[0:400:9, 900:6000:50, 0:3000:40, 0:90:7, 5000]
    numbers = np.repeat([0, 1, 2, 2], [45 + 102, 75, 13, 1])
    made = make(recordings, times, numbers, np.array([3, 0, 4]), warn=said.append)
    spikes = np.random.default_rng(4).permutation(len(times))
    whole = made[:].astype(np.float64)
    expected = whole[:-1].mean(axis=0)
    found = made.mean(spikes)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=0.001 * np.abs(expected).max())
    at = made.at(spikes, 20, 2)
    np.testing.assert_allclose(at, whole[spikes, 20, 2], atol=0.001 * np.abs(at).max())
    assert at[spikes == len(times) - 1] == 0
    assert (made.mean(np.array([], np.int64)) == 0).all()
    assert len(made.at(np.array([], np.int64), 0, 0)) == 0
    assert len(said) == 1


def test_recordings_of_a_kwd(copy_dataset: Callable[[str], Path]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = KwikModel(copy_dataset("spikedetekt2_4sec"))
    assert model.traces is not None
    assert model.waveforms is not None
    bounds = model.recording_offsets
    found = model.waveforms[:]
    for i in range(2):
        whole = filtered(model.traces[bounds[i] : bounds[i + 1]])
        here = model.spike_recordings == i
        expected = snippets(whole, model.spike_samples[here].astype(np.int64) - bounds[i])
        assert largest_error(found[here], expected) < 0.001


@pytest.mark.parametrize(("low", "high"), [(500, 9500), (300, 6000), (150, 9000)])
def test_slow_waves_do_not_leak_in(low: float, high: float) -> None:
    traces = slow(40_000)
    times = np.random.default_rng(1).integers(3000, 37_000, 300)
    found = make([traces], times, band_pass=BandPass(RATE, low, high))[:]
    assert largest_error(found, snippets(filtered(traces, low, high), times)) < 0.001


def test_the_edges_of_a_recording() -> None:
    """Every time within a margin of an edge, and those whose snippet crosses it."""
    traces = slow(3000)
    times = np.r_[0:400, 2600:3000]
    expected = snippets(filtered(traces), times)
    found = make([traces], times)[:]
    assert largest_error(found, expected) < 0.001
    assert (found[0, :BEFORE] == 0).all()
    assert (found[-1, -AFTER + 1 :] == 0).all()
    assert (found[0, BEFORE:] != 0).any()


@pytest.mark.parametrize("length", [1, 5, 21, 22, 40, 150, 299, 300, 301, 700])
def test_recordings_shorter_than_the_window(length: int) -> None:
    traces = slow(length, seed=length)
    times = np.arange(length)
    found = make([traces], times)[:]
    if length == 1:
        assert (found == 0).all()
        return
    whole = BandPass(RATE, 500, 9500).apply(traces)
    expected = snippets(whole, times)
    assert largest_error(found, expected) < 0.001


def test_several_recordings_do_not_leak_into_one_another() -> None:
    recordings = [slow(n, seed=n) + n for n in (2000, 60, 5000)]
    rng = np.random.default_rng(0)
    numbers = rng.integers(0, 3, 200)
    times = np.array([rng.integers(0, len(recordings[i])) for i in numbers])
    found = make(recordings, times, numbers)[:]
    wholes = [BandPass(RATE, 500, 9500).apply(traces) for traces in recordings]
    for waveform, time, number in zip(found, times, numbers, strict=True):
        expected = snippets(wholes[number], np.array([time]))
        assert largest_error(waveform[None], expected) < 0.001


def test_spikes_outside_are_zeros_and_said_once() -> None:
    said: list[str] = []
    waveforms = make([slow(3000)], np.array([100, 2999, 3000, 10**9]), warn=said.append)
    found = waveforms[:]
    assert (found[2:] == 0).all()
    assert (found[:2] != 0).any(axis=(1, 2)).all()
    waveforms[:]
    assert said == [
        "2 of the requested spikes lie outside the raw data of their recordings; their waveforms "
        "are zeros. Is this the right raw data?"
    ]


def test_indexing_is_that_of_an_array() -> None:
    traces = slow(30_000)
    times = np.sort(np.random.default_rng(0).integers(200, 29_000, 90))
    waveforms = make([traces], times, channels=np.array([4, 0, 2]))
    assert waveforms.shape == (90, 32, 3)
    whole = waveforms[:]
    np.testing.assert_allclose(whole, snippets(filtered(traces), times)[:, :, [4, 0, 2]], atol=0.2)
    keys = [
        5,
        -1,
        slice(3, 60, 7),
        [9, 2, 2, 80],
        (slice(None), 16),
        (slice(None), slice(10, 20), 1),
        ([7, 3], slice(None), [2, 0]),
        (..., 2),
        (slice(None, None, -1), slice(None, None, -3)),
        np.arange(90) % 4 == 0,
        [],
        ([5, 6], [1, 2], [0, 2]),
    ]
    for key in keys:
        np.testing.assert_allclose(waveforms[key], whole[key], atol=0.02, err_msg=repr(key))
    for key in (90, (0, 32), (0, 0, 3), [90], "a"):
        with pytest.raises(IndexError):
            waveforms[key]


def test_batches_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    traces = slow(5000)
    times = np.r_[0:300:7, 300:5000:31]
    whole = make([traces], times)[:]
    monkeypatch.setattr(module, "_BATCH_BYTES", 1)
    np.testing.assert_allclose(make([traces], times)[:], whole, atol=1e-3)


@pytest.mark.parametrize("dtype", ["<i2", ">i2", "<u2", "<i4", "<f4", "<f8"])
def test_types_of_raw_data_with_a_large_offset(dtype: str) -> None:
    traces = slow(4000) - slow(4000).min() + 100
    offset = 0 if np.dtype(dtype).itemsize == 2 else 10**8 if dtype != "<f4" else 10**5
    shifted = (traces.astype(np.float64) + offset).astype(dtype)
    times = np.array([5, 700, 2000, 3990])
    found = make([shifted], times)[:]
    assert largest_error(found, snippets(filtered(shifted), times)) < 0.002


def test_only_the_asked_channels_are_read() -> None:
    class Watched(MemoryStore):
        columns: np.ndarray

        def windows(self, starts: np.ndarray, width: int, columns: np.ndarray) -> np.ndarray:
            self.columns = columns
            return super().windows(starts, width, columns)

    store = Watched(slow(4000, 64))
    waveforms = Waveforms(
        Traces([store]),
        np.array([2000]),
        np.array([0]),
        np.arange(64)[::-1],
        16,
        16,
        BandPass(RATE, 500, 9500),
        pytest.fail,
    )
    assert waveforms[0, :, [3, 9]].shape == (2, 32)
    assert store.columns.tolist() == [60, 54]


def test_a_warning_reaches_the_user(small: Path) -> None:
    dat = small.with_suffix(".dat")
    dat.write_bytes(dat.read_bytes()[: 32 * 2 * 1000])
    with pytest.warns(DatasetWarning, match="ends at sample 1000, but there is a spike at 49851"):
        model = KwikModel(small)
    assert model.waveforms is not None
    with pytest.warns(
        DatasetWarning,
        match="1 of the requested spikes lie outside the raw data of their recordings",
    ):
        assert (model.waveforms[-1] == 0).all()
    assert (model.waveforms[-2:] == 0).all()  # said once


def finish(steps: Generator[None, None, list[np.ndarray]]) -> list[np.ndarray]:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return list(end.value)


@pytest.mark.parametrize("sums", [0, 2**25])
@pytest.mark.parametrize("batch", [1, 300_000, 2**25])
def test_many_sets_of_spikes_in_one_go_are_those_one_by_one(
    batch: int, sums: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BATCH_BYTES", batch)
    monkeypatch.setattr(module, "_SUMS_BYTES", sums)
    rng = np.random.default_rng(5)
    recordings = [slow(9_000), slow(4_000, seed=1)]
    numbers = np.sort(rng.integers(0, 2, 300)).astype(np.int32)
    times = rng.integers(0, 9_100 - 5_000 * numbers)
    waveforms = make(recordings, times, numbers, np.array([3, 0, 4, 1]), warn=lambda _: None)
    owners = rng.integers(0, 6, 300)
    # Dense and sparse sets, one of a single spike and one without any.
    sets = [np.flatnonzero(owners == k) for k in range(5)] + [np.array([7]), np.empty(0, np.int64)]
    near = [np.array(c) for c in ([0, 1, 2, 3], [1], [0, 3], [2, 3], [0, 1, 2, 3], [1, 2], [0])]

    means = finish(waveforms.means(sets, near))
    values = finish(waveforms.values_at(sets, range(14, 21), [0, 1, 2, 3, 0, 1, 2]))
    for k, (of, channels) in enumerate(zip(sets, near, strict=True)):
        plain = np.zeros((BEFORE + AFTER, 4), np.float32)
        plain[:, channels] = waveforms.mean(of)[:, channels]
        np.testing.assert_allclose(means[k], plain, atol=1e-2)
        alone = waveforms.at(of, 14 + k, [0, 1, 2, 3, 0, 1, 2][k])
        np.testing.assert_allclose(values[k], alone, atol=1e-2)


@pytest.mark.parametrize("sums", [0, 2**25])
@pytest.mark.parametrize("dtype", ["<i2", "<f4"])
def test_two_parts_give_the_same_in_any_order(
    sums: int, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SUMS_BYTES", sums)
    chance = np.random.default_rng(6)
    times = np.sort(chance.integers(0, 9_000, 500))
    rows = chance.normal(0, 300, (9_000, 3)).astype(dtype)
    made = make([rows], times, np.zeros(500, np.int64), np.array([2, 0]))
    sets = [np.sort(chance.choice(500, n, replace=False)) for n in (300, 1, 40)]
    near = [np.array([0, 1]), np.array([1]), np.array([0])]

    def last_first(parts):
        assert len(parts) == 2
        for part in reversed(parts):
            yield from part

    found = []
    for together in (module.one_by_one, last_first):
        found.append(finish(made.means(sets, near, together)))
        found[-1] += finish(made.values_at(sets, [9, 0, 20], [1, 1, 0], together))
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("largest", [50, 4_000, 8_191, 32_767])
def test_numbers_are_added_up_as_they_are_stored_only_where_their_sum_is_held(largest: int) -> None:
    chance = np.random.default_rng(7)
    block = chance.integers(-largest, largest, (2_000, 5), np.int16, endpoint=True)
    block[0, 0] = -largest
    owners = np.repeat(np.arange(6), [1, 2, 3, 9, 40, 700])
    starts = np.sort(chance.integers(0, 1_000, len(owners)))
    columns = np.array([(0, 5)] * 6)
    columns[2] = 1, 4
    # More numbers than are added up at once.
    width = 1_000
    begins = np.cumsum([0, *(width * (stop - start) for start, stop in columns)])
    sums = np.zeros(begins[-1], np.int32)
    _window_loops.add_windows(
        block, starts, owners, columns, begins, width, sums, windows.n_in_short(block)
    )
    plain = np.zeros(begins[-1], np.int64)
    for start, owner in zip(starts.tolist(), owners.tolist(), strict=True):
        low, high = columns[owner]
        of = block[start : start + width, low:high].astype(np.int64)
        plain[begins[owner] : begins[owner + 1]] += of.ravel()
    np.testing.assert_array_equal(sums, plain)
    assert windows.n_in_short(block) * largest < 2**15
    assert windows.n_in_short(block.astype(np.int32)) == 1


class Counting(MemoryStore):
    """Remembers how many values were read at once, at most."""

    most = 0

    def read(self, selections):
        found = super().read(selections)
        self.most = max(self.most, found.size)
        return found


@pytest.mark.parametrize("every", [20, 400])
def test_many_sets_of_a_shank_of_few_channels_take_no_more_memory_at_once(
    every: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BATCH_BYTES", batch := 1_000_000)
    store = Counting(np.zeros((60_000, 64), np.int16))
    times = np.arange(1_000, 59_000, every)
    waveforms = Waveforms(
        Traces([store]),
        times.astype(np.uint64),
        np.zeros(len(times), np.int32),
        np.array([5, 6]),
        BEFORE,
        AFTER,
        BandPass(RATE, 500, 9500, 3),
        pytest.fail,
    )
    for steps in (
        waveforms.means([np.arange(len(times))], [np.array([0, 1])]),
        waveforms.values_at([np.arange(len(times))], [16], [0]),
    ):
        list(steps)
    assert 0 < store.most * store.dtype.itemsize <= batch


@pytest.mark.parametrize("dtype", ["<i2", ">i2", "<i4", "<f4"])
def test_compiled_loops_over_windows_give_the_same_to_the_last_bit(
    dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = np.random.default_rng(5)
    rows = chance.normal(0, 1000, (9000, 5)).astype(dtype)
    times = np.sort(chance.integers(0, 9000, 900))
    made = make([rows], times, np.zeros(900, np.int64), np.array([3, 0, 4]))
    sets = [np.sort(chance.choice(900, n, replace=False)) for n in (300, 1, 40)]
    near = [np.array([0, 2]), np.array([1]), np.array([0, 1, 2])]
    found = []
    for few in (10**9, 0):
        monkeypatch.setattr(windows, "_are_loaded", False)
        monkeypatch.setattr(windows, "FEW", few)
        means, values = made.means(sets, near), made.values_at(sets, [9, 0, 20], [2, 1, 0])
        found.append([*finish(means), *finish(values)])
    for plain, compiled in zip(*found, strict=True):
        np.testing.assert_array_equal(plain, compiled)
        assert np.abs(plain).max() > 1

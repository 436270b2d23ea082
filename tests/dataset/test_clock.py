"""One clock: which recording spikes are in, when recordings start, gaps, times that go back."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from phygui import KwikModel
from phygui.dataset.clock import SpikeClock
from phygui.dataset.timeline import Timeline
from phygui.errors import DatasetError, DatasetWarning
from phygui.storage.state import locations
from tests.formats.kwik.field_files import RATE, TROUGH, depths, raw_data, write_kwik


@pytest.fixture(autouse=True)
def _own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locations, "locations_file", lambda: tmp_path / "locations.json")


@pytest.fixture(autouse=True)
def _remarks_are_looked_at_here() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DatasetWarning)
        yield


# -- which recording a spike is in ---------------------------------------------------------------

N_MANY = 12
TEXT_ORDER = sorted(range(N_MANY), key=str)


def many_recordings(
    folder: Path, *, by_text: bool, creator: str | None, wrong_raw: bool = False
) -> tuple[Path, NDArray[np.int64], NDArray[np.int64]]:
    """Twelve recordings of several lengths; where each spike's trough is: recording, channel."""
    rng = np.random.default_rng(3)
    order = TEXT_ORDER if by_text else list(range(N_MANY))
    lengths = [20_000 + 997 * (i * 7 % N_MANY) for i in range(N_MANY)]
    starts = np.cumsum([0, *lengths])
    times, truth = [], np.repeat(order, 25)
    channels = np.arange(len(truth)) % 4
    raw: dict[int, dict[str, Any]] = {}
    for i in order:
        own = np.sort(rng.choice(np.arange(200, 19_000, 150), 25, replace=False))
        times.append(own)
        shown = own + 60 if wrong_raw else own
        data = raw_data(lengths[i], shown, channels[truth == i], seed=i)
        data.tofile(folder / f"part_{i}.dat")
        raw[i] = {"dat_path": f"part_{i}.dat", "start_sample": int(starts[i])}
    path = write_kwik(
        folder / "many.kwik",
        np.concatenate(times),
        np.repeat(np.arange(N_MANY), 25),
        channels + 2,
        raw,
        creator=creator,
    )
    return path, truth, channels


@pytest.mark.parametrize("by_text", [True, False])
@pytest.mark.parametrize("creator", ["klusta 3.0.16", None, "kwiklib 0.3"])
def test_recordings_are_counted_as_the_troughs_of_the_spikes_tell(
    tmp_path: Path, by_text: bool, creator: str | None
) -> None:
    path, truth, channels = many_recordings(tmp_path, by_text=by_text, creator=creator)
    model = KwikModel(path)
    np.testing.assert_array_equal(model.spike_recordings, truth)
    assert (depths(model, channels) < TROUGH).all()
    (text,) = model.warnings
    assert ("in text order" if by_text else "by number") in text
    assert "as the troughs of the spikes tell" in text
    is_klusta = creator is not None and creator.startswith("klusta 3")
    assert ("although the program" in text) == (is_klusta != by_text)


@pytest.mark.parametrize("creator", ["klusta 3.0.16", None])
@pytest.mark.parametrize("how", ["absent", "of another experiment"])
def test_recordings_are_counted_as_their_writer_does_where_troughs_do_not_tell(
    tmp_path: Path, creator: str | None, how: str
) -> None:
    by_text = creator is not None
    path, truth, _ = many_recordings(
        tmp_path, by_text=by_text, creator=creator, wrong_raw=how != "absent"
    )
    if how == "absent":
        (tmp_path / "part_7.dat").unlink()
    model = KwikModel(path)
    np.testing.assert_array_equal(model.spike_recordings, truth)
    text = model.warnings[0]
    assert ("in text order" if by_text else "by number") in text
    assert ("could not be checked" if how == "absent" else "do not tell") in text


def test_raw_data_that_is_located_tells_how_recordings_are_counted(tmp_path: Path) -> None:
    path, truth, channels = many_recordings(tmp_path, by_text=True, creator="some script")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for part in tmp_path.glob("part_*.dat"):
        part.rename(elsewhere / part.name)
    model = KwikModel(path)
    assert not np.array_equal(model.spike_recordings, truth)
    model.locate("traces", elsewhere)
    np.testing.assert_array_equal(model.spike_recordings, truth)
    assert (depths(model, channels) < TROUGH).all()
    (text,) = model.warnings
    assert "although the program that wrote the file does otherwise" in text


def test_trains_are_ascending_where_the_file_lists_recordings_in_text_order(
    tmp_path: Path,
) -> None:
    path, truth, channels = many_recordings(tmp_path, by_text=True, creator="klusta 3.0.16")
    model = KwikModel(path)
    assert not model.clock.is_ascending
    with h5py.File(path) as file:
        times = file["channel_groups/0/spikes/time_samples"][...].astype(np.int64)
        starts = np.array([file[f"recordings/{i}"].attrs["start_sample"] for i in range(N_MANY)])
    expected = times + starts[truth]
    np.testing.assert_array_equal(model.spike_samples, expected)
    for channel in range(4):
        train = np.sort(expected[channels == channel]) / RATE
        np.testing.assert_array_equal(model.spike_train(channel + 2), train)


@pytest.mark.parametrize("with_raw", [True, False])
@pytest.mark.parametrize("told", [True, False])
def test_times_that_run_on_over_all_recordings(tmp_path: Path, with_raw: bool, told: bool) -> None:
    """``recording`` is 0 throughout, or not there, and no time starts over."""
    lengths = [20_000, 30_000, 25_000]
    starts = np.cumsum([0, *lengths])
    times, channels, raw = [], [], {}
    for i, n in enumerate(lengths):
        own = np.arange(300, n - 300, 250)
        times.append(own + starts[i])
        channels.append(np.arange(len(own)) % 4)
        if with_raw:
            raw_data(n, own, channels[-1], seed=i).tofile(tmp_path / f"p{i}.dat")
        raw[i] = {"dat_path": f"p{i}.dat", "start_sample": int(starts[i])}
    samples, place = np.concatenate(times), np.concatenate(channels)
    recordings = 0 * samples if told else None
    model = KwikModel(write_kwik(tmp_path / "z.kwik", samples, recordings, place + 2, raw))
    np.testing.assert_array_equal(model.spike_samples, samples)
    np.testing.assert_array_equal(
        model.spike_recordings, np.repeat([0, 1, 2], list(map(len, times)))
    )
    assert "they are assumed to continue over all recordings" in model.warnings[0]
    assert model.has_traces() == with_raw
    if with_raw:
        assert (depths(model, place) < TROUGH).all()


def test_spikes_of_the_first_recording_alone_stay_there(tmp_path: Path) -> None:
    times, raw = np.arange(300, 19_000, 250), {}
    for i in range(2):
        raw_data(20_000, times, 0 * times, seed=i).tofile(tmp_path / f"p{i}.dat")
        raw[i] = {"dat_path": f"p{i}.dat", "start_sample": 20_000 * i}
    path = write_kwik(tmp_path / "z.kwik", times, 0 * times, 0 * times + 2, raw)
    model = KwikModel(path)
    assert not model.spike_recordings.any()
    assert model.warnings == []


def test_recordings_that_are_not_told_and_cannot_be_made_out_are_refused(tmp_path: Path) -> None:
    times = np.arange(300, 19_000, 250)
    raw: dict[int, dict[str, Any]] = {0: {"start_sample": 0}, 1: {"start_sample": 20_000}}
    path = write_kwik(tmp_path / "z.kwik", times, None, 0 * times + 2, raw)
    with pytest.raises(
        DatasetError, match="spikes/recording is missing, expected the recording of"
    ):
        KwikModel(path)


# -- when recordings start -----------------------------------------------------------------------

GAP_TIMES = np.arange(300, 39_000, 300)


def with_a_gap(folder: Path, starts: tuple[Any, Any] = (0, 100_000)) -> Path:
    """Two recordings of two seconds, and three seconds between them."""
    channels = np.arange(len(GAP_TIMES)) % 4
    raw: dict[int, dict[str, Any]] = {}
    for i, start in enumerate(starts):
        raw_data(40_000, GAP_TIMES, channels, seed=i).tofile(folder / f"p{i}.dat")
        raw[i] = {"dat_path": f"p{i}.dat", **({} if start is None else {"start_sample": start})}
    recordings = np.repeat([0, 1], len(GAP_TIMES))
    clusters = np.tile(channels, 2) + 2
    path = write_kwik(folder / "gap.kwik", np.tile(GAP_TIMES, 2), recordings, clusters, raw)
    with h5py.File(path, "r+") as file:
        events = file.create_group("event_types/light/events")
        events["time_samples"], events["recording"] = np.array([100, 200]), np.array([0, 1])
    return path


def test_times_are_the_same_with_and_without_raw_data(tmp_path: Path) -> None:
    path = with_a_gap(tmp_path)
    model = KwikModel(path)
    expected = np.concatenate([GAP_TIMES, GAP_TIMES + 100_000])
    np.testing.assert_array_equal(model.spike_samples, expected)
    assert model.events["light"].tolist() == [100 / RATE, 100_200 / RATE]
    assert (model.duration, model.span) == (4.0, 7.0)
    assert model.warnings == []
    second = (tmp_path / "p1.dat").rename(tmp_path / "moved.dat")
    without = KwikModel(path)
    np.testing.assert_array_equal(without.spike_samples, expected)
    assert without.duration == pytest.approx(4.0, abs=0.15)
    without.locate("traces", [tmp_path / "p0.dat", second])
    np.testing.assert_array_equal(without.spike_samples, expected)
    assert (without.duration, without.span) == (4.0, 7.0)
    assert without.warnings == []


def test_waveforms_and_raw_data_beyond_a_gap(tmp_path: Path) -> None:
    model = KwikModel(with_a_gap(tmp_path))
    assert (depths(model, np.tile(np.arange(len(GAP_TIMES)) % 4, 2)) < TROUGH).all()
    assert model.traces is not None
    assert model.traces.shape == (80_000, 4)
    rows = model.timeline.to_rows(model.spike_samples.astype(np.int64))
    assert (model.traces[rows].min(axis=1) < TROUGH).all()
    np.testing.assert_array_equal(model.timeline.from_rows(rows), model.spike_samples)


@pytest.mark.parametrize(
    ("starts", "second"),
    [
        ((0, 40_000), 40_000),
        ((70, 40_070), 40_000),
        ((0.0, 50_000.0), 50_000),
        ((0, 0), 40_000),
        ((0, 39_999), 40_000),
        ((50_000, 0), 40_000),
        ((None, None), 40_000),
        ((0, "late"), 40_000),
    ],
)
def test_starts_are_taken_where_they_can_be_right(
    tmp_path: Path, starts: tuple[Any, Any], second: int
) -> None:
    model = KwikModel(with_a_gap(tmp_path, starts))
    assert model.recording_offsets.tolist() == [0, second, second + 40_000]
    refused = any("cannot start at" in text for text in model.warnings)
    assert refused == (starts in [(0, 39_999), (50_000, 0), (0, "late")])


def test_a_silence_no_longer_than_others_is_no_gap(tmp_path: Path) -> None:
    path = with_a_gap(tmp_path, (0, 39_000))
    (tmp_path / "p0.dat").unlink()
    model = KwikModel(path)
    assert len(model.timeline.gaps) == 0
    assert model.duration == model.span


# -- times that go back --------------------------------------------------------------------------


def going_back(folder: Path, back: int, recordings: int = 1) -> tuple[Path, NDArray[np.int64]]:
    """Spikes of which two are listed too late."""
    times = np.arange(300, 59_000, 300)
    times[51] = times[50] - back
    times[120] = times[119] - 1
    channels = np.arange(len(times)) % 4
    raw = {}
    for i in range(recordings):
        raw_data(60_000, times, channels).tofile(folder / f"back_{i}.dat")
        raw[i] = {"dat_path": f"back_{i}.dat", "start_sample": 60_000 * i}
    place = np.repeat(np.arange(recordings), len(times))
    clusters = np.tile(channels, recordings) // 2 + 2
    path = write_kwik(folder / "back.kwik", np.tile(times, recordings), place, clusters, raw)
    return path, np.tile(times, recordings) + 60_000 * place


@pytest.mark.parametrize("recordings", [1, 2])
@pytest.mark.parametrize("back", [1, 1000])
def test_times_that_go_back_a_little_are_taken_as_they_are(
    tmp_path: Path, back: int, recordings: int
) -> None:
    path, samples = going_back(tmp_path, back, recordings)
    model = KwikModel(path)
    (text,) = model.warnings
    assert f"goes back at {2 * recordings} spikes, by {back} samples at most" in text
    np.testing.assert_array_equal(model.spike_samples, samples)
    for cluster in (2, 3):
        own = samples[model.spike_clusters == cluster]
        np.testing.assert_array_equal(model.spike_train(cluster), np.sort(own) / RATE)
    assert model.has_traces()


def test_times_that_go_back_a_lot_are_refused(tmp_path: Path) -> None:
    path, _ = going_back(tmp_path, 1001)
    with pytest.raises(
        DatasetError, match=r"decreases at spike 51 \(to 14299, 1001 samples before"
    ):
        KwikModel(path)


# -- the scales of time --------------------------------------------------------------------------


@st.composite
def timelines(draw: st.DrawFn) -> Timeline:
    lengths = draw(st.lists(st.integers(0, 50), min_size=1, max_size=6))
    pauses = draw(st.lists(st.integers(0, 30), min_size=len(lengths), max_size=len(lengths)))
    starts = np.cumsum([0, *(n + gap for n, gap in zip(lengths, pauses, strict=True))])[:-1]
    return Timeline(starts, np.array(lengths))


@given(timelines())
def test_every_row_has_its_own_time(timeline: Timeline) -> None:
    rows = np.arange(timeline.n_recorded)
    samples = timeline.from_rows(rows)
    np.testing.assert_array_equal(timeline.to_rows(samples), rows)
    assert np.all(np.diff(samples) > 0)
    recorded = np.zeros(timeline.n_samples, bool)
    recorded[samples] = True
    for low, high in timeline.gaps.tolist():
        assert not recorded[low:high].any()
    assert recorded.sum() + sum(high - low for low, high in timeline.gaps) == len(recorded)
    for low, high in timeline.stretches.tolist():
        assert recorded[low:high].all()
    inside = np.zeros(timeline.n_samples, bool)
    for first, last, low, high in timeline.pieces(3, timeline.n_samples - 2):
        assert low <= first < last <= high
        inside[first:last] = True
    np.testing.assert_array_equal(inside[3:-2], recorded[3:-2])


@given(timelines(), st.data())
def test_recorded_time_passes_only_while_something_is_recorded(
    timeline: Timeline, data: st.DataObject
) -> None:
    edges = np.sort(data.draw(st.lists(st.integers(0, timeline.n_samples), min_size=2)))
    recorded = np.zeros(timeline.n_samples + 1, np.int64)
    recorded[timeline.from_rows(np.arange(timeline.n_recorded))] = 1
    passed = np.diff(timeline.to_rows(edges))
    for n, (low, high) in zip(passed.tolist(), pairwise(edges.tolist()), strict=True):
        assert n == recorded[low:high].sum()


@given(timelines(), st.data())
def test_trains_of_spikes_in_any_order(timeline: Timeline, data: st.DataObject) -> None:
    top = max(timeline.n_samples - 1, 0)
    samples = np.array(data.draw(st.lists(st.integers(0, top), max_size=30)), np.uint64)
    clock = SpikeClock(samples, timeline, 0.5)
    chosen = np.array(
        data.draw(st.lists(st.booleans(), min_size=len(samples), max_size=len(samples))), bool
    )
    spike_ids = np.flatnonzero(chosen)
    train = clock.train(spike_ids)
    np.testing.assert_array_equal(train, np.sort(samples[spike_ids].astype(np.int64)))
    np.testing.assert_array_equal(samples[clock.in_order(spike_ids)], train)
    np.testing.assert_array_equal(clock.sorted_samples[clock.ranks(spike_ids)], train)
    place = timeline.recording_of(train)
    intervals, same = np.diff(clock.pair_train(spike_ids)), np.diff(place) == 0
    np.testing.assert_array_equal(intervals[same], np.diff(train)[same])
    assert (intervals[~same] >= clock.longest_lag).all()


def test_a_description_says_what_was_recorded_and_over_what_time(tmp_path: Path) -> None:
    model = KwikModel(with_a_gap(tmp_path))
    assert "4.0 s in 2 recordings, with 1 gap over 7.0 s\n" in model.describe()

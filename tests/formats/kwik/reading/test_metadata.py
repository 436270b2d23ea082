"""Settings from the metadata of both generations, and their defaults."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from phygui.errors import DatasetError
from phygui.formats.kwik.reading.metadata import Settings, read_settings, with_both_names


def read(recording_rate: float | None = None, **metadata: Any) -> tuple[Settings, list[str]]:
    said: list[str] = []
    settings = read_settings(
        {"sample_rate": 20000, **metadata}, recording_rate, "x.kwik", said.append
    )
    return settings, said


def test_defaults() -> None:
    settings, said = read()
    assert said == []
    assert settings == Settings(
        sample_rate=20000.0,
        n_raw_channels=None,
        n_features_per_channel=3,
        n_features_assumed=True,
        samples_before=16,
        samples_after=16,
        filter_order=3,
        filter_low=500.0,
        filter_high=9500.0,
        voltage_gain=1.0,
        gain_is_known=False,
        dtype=np.dtype("int16"),
    )


def test_both_generations_mean_the_same() -> None:
    first, _ = read(
        nchannels=32, nfeatures_per_channel=2, filter_high=6000.0, waveforms_nsamples=40, nbits=16
    )
    second, _ = read(
        n_channels=32,
        n_features_per_channel=2,
        filter_high_factor=0.3,
        extract_s_before=20,
        extract_s_after=20,
        dtype="int16",
    )
    assert first == second


@pytest.mark.parametrize(
    ("told", "expected"),
    [(4.5, 4.5), (4, 4.0), (0, None), (-1.0, None), ("4.5", None), (float("nan"), None)],
)
def test_the_strong_threshold_is_known_if_it_is_one(told: Any, expected: float | None) -> None:
    settings, said = read(threshold_strong_std_factor=told)
    assert settings.detection_factor == expected
    assert said == []


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"extract_s_before": 10, "extract_s_after": 20}, (10, 20)),
        ({"waveforms_nsamples": 41}, (20, 21)),
        ({"waveforms_nsamples": 40, "extract_s_before": 10}, (10, 30)),
        ({"waveforms_nsamples": 40, "extract_s_after": 10}, (30, 10)),
        ({"waveforms_nsamples": 99, "extract_s_before": 10, "extract_s_after": 20}, (10, 20)),
        ({"waveforms_nsamples": 10, "extract_s_before": 10}, (10, 16)),
        ({"extract_s_before": 10}, (10, 16)),
    ],
)
def test_samples_of_a_waveform(told: dict[str, Any], expected: tuple[int, int]) -> None:
    settings, _ = read(**told)
    assert (settings.samples_before, settings.samples_after) == expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"dtype": "int16"}, "i2"),
        ({"dtype": "float32"}, "f4"),
        ({"dtype": "uint8"}, "u1"),
        ({"dtype": "<i4"}, "<i4"),
        ({"dtype": ">i2"}, ">i2"),
        ({"dtype": "np.int32"}, "i4"),
        ({"nbits": 32}, "i4"),
        ({"nbits": 8}, "i1"),
        ({"nbits": 16, "dtype": "float64"}, "f8"),
    ],
)
def test_types_of_raw_data(told: dict[str, Any], expected: str) -> None:
    settings, said = read(**told)
    assert settings.dtype == np.dtype(expected)
    assert said == []


@pytest.mark.parametrize("dtype", ["object", "O", "V8", "i3", "int128", "", "a=1", 3, "datetime64"])
def test_other_types_are_refused(dtype: Any) -> None:
    settings, said = read(dtype=dtype)
    assert settings.dtype == np.int16
    assert "int16 is assumed" in said[0]


def test_the_sample_rate_of_the_recordings() -> None:
    said: list[str] = []
    assert read_settings({}, 30000.0, "x.kwik", said.append).sample_rate == 30000
    assert said == []
    with pytest.raises(DatasetError, match=r"x\.kwik: neither .*@sample_rate nor a recording"):
        read_settings({}, None, "x.kwik", said.append)


def test_a_gain_of_zero_is_unknown() -> None:
    settings, said = read(voltage_gain=0)
    assert (settings.voltage_gain, settings.gain_is_known) == (1, False)
    assert said == []
    assert read(voltage_gain=1)[0].gain_is_known


def test_a_slow_recording_gets_a_filter_that_exists() -> None:
    said: list[str] = []
    settings = read_settings({"sample_rate": 900}, None, "x", said.append)
    assert 0 < settings.filter_low < settings.filter_high < 450


def test_both_names_of_every_value() -> None:
    first = {
        "nchannels": 4,
        "chunk_size": 20000,
        "filter_high": 9500.0,
        "extract_s_before": 5,
        "extract_s_after": 7,
        "nbits": 32,
    }
    found = with_both_names(first, 20000.0)
    assert found == {
        **first,
        "n_channels": 4,
        "chunk_size_seconds": 1.0,
        "filter_high_factor": 0.475,
        "waveforms_nsamples": 12,
        "dtype": "int32",
    }
    second = {"n_channels": 4, "excerpt_size_seconds": 0.5, "dtype": "float32"}
    assert with_both_names(second, 20000.0) == {
        **second,
        "nchannels": 4,
        "excerpt_size": 10000,
        "nbits": 32,
    }
    # What is there is never changed, whatever it is.
    odd = {"n_channels": 4, "nchannels": 5, "filter_high": "high", "dtype": "?", "chunk_size": "x"}
    assert with_both_names(odd, 20000.0) == odd

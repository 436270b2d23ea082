"""Detection metadata of both generations of writers, and what the reader needs of it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from phygui.errors import DatasetError
from phygui.formats.kwik.hdf5.file import File
from phygui.formats.kwik.hdf5.values import UNREADABLE
from phygui.words import hertz

PATH = "/application_data/spikedetekt"

#: The same value under the first and the second generation's name.
_SAME = (
    ("nchannels", "n_channels"),
    ("nfeatures_per_channel", "n_features_per_channel"),
    ("nexcerpts", "n_excerpts"),
    ("pca_nwaveforms_max", "pca_n_waveforms_max"),
)
#: Samples in the first generation, seconds in the second.
_SECONDS = (
    ("chunk_size", "chunk_size_seconds"),
    ("chunk_overlap", "chunk_overlap_seconds"),
    ("excerpt_size", "excerpt_size_seconds"),
)

#: Beyond these parts of the sample rate, and below this ratio of its edges, a band-pass filter
#: cannot be computed.
_LOWEST, _HIGHEST, _NARROWEST = 1e-5, 0.4999, 1.01
#: More samples than this on one side of a spike are refused: no waveform is that long.
_LONGEST = 2000

_DTYPE = re.compile(
    r"(?:np\.|numpy\.)?([<>=|]?)(u?int(?:8|16|32|64)|float(?:16|32|64)|[iu][1248]|f[248])"
)

Warn = Callable[[str], None]


@dataclass(frozen=True)
class Settings:
    """What the reader needs to know to interpret a dataset, defaults filled in.

    Frequencies are in hertz, ``voltage_gain`` in microvolts per raw unit, 1 where it is not known.
    ``n_raw_channels`` is None, and ``n_features_assumed`` true, when the file does not say.
    """

    sample_rate: float
    n_raw_channels: int | None
    n_features_per_channel: int
    n_features_assumed: bool
    samples_before: int
    samples_after: int
    filter_order: int
    filter_low: float
    filter_high: float
    voltage_gain: float
    gain_is_known: bool
    dtype: np.dtype
    detection_factor: float | None = None
    """The strong threshold, in standard deviations of the noise, if the file says it."""


def read_metadata(file: File, warn: Warn) -> dict[str, Any]:
    """The attributes of ``/application_data/spikedetekt`` as plain values, under both names."""
    group = file.group(PATH)
    if group is None:
        warn(f"{file.path}: {PATH} is missing; the documented defaults are assumed.")
        return {}
    raw = file.attributes(group, PATH)
    metadata: dict[str, Any] = {}
    unreadable = []
    for name in sorted(raw):
        if name.startswith("_") or name != name.lower():
            continue
        value = raw[name]
        if value is UNREADABLE:
            unreadable.append(name)
        else:
            metadata[name] = value.tolist() if isinstance(value, np.ndarray) else value
    if unreadable:
        warn(
            f"{file.path}: the attributes {', '.join(unreadable)} of {PATH} are pickled or of "
            "an unknown type, and were not read."
        )
    return metadata


def with_both_names(metadata: dict[str, Any], rate: float | None) -> dict[str, Any]:
    """The metadata plus, for each value, the name the other generation gives it."""
    both = dict(metadata)
    for first, second in _SAME:
        if first in metadata:
            both.setdefault(second, metadata[first])
        if second in metadata:
            both.setdefault(first, metadata[second])
    if rate:
        for first, second in (*_SECONDS,):
            if _is_number(metadata.get(first)):
                both.setdefault(second, metadata[first] / rate)
            if _is_number(metadata.get(second)):
                both.setdefault(first, round(metadata[second] * rate))
        if _is_number(metadata.get("filter_high")):
            both.setdefault("filter_high_factor", metadata["filter_high"] / rate)
        if _is_number(metadata.get("filter_high_factor")):
            both.setdefault("filter_high", metadata["filter_high_factor"] * rate)
    sides = [metadata.get(f"extract_s_{side}") for side in ("before", "after")]
    if all(_is_number(side) for side in sides):
        both.setdefault("waveforms_nsamples", sum(side or 0 for side in sides))
    if "dtype" not in metadata and metadata.get("nbits") in (8, 16, 32, 64):
        both["dtype"] = f"int{metadata['nbits']}"
    dtype = _parse_dtype(metadata.get("dtype"))
    if "nbits" not in metadata and dtype is not None:
        both["nbits"] = dtype.itemsize * 8
    return dict(sorted(both.items()))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def read_settings(
    metadata: dict[str, Any], recording_rate: float | None, path: str, warn: Warn
) -> Settings:
    """Typed settings; what is missing or impossible takes its documented default, and is said.

    Raises
    ------
    DatasetError
        If no sample rate is found.
    """
    told = _Numbers(metadata, path, warn)
    rate = told.number(("sample_rate",), recording_rate, lambda v: 1 <= v <= 1e9, "1 to 1e9 hertz")
    if rate is None:
        raise DatasetError(
            f"{path}: neither {PATH}/@sample_rate nor a recording has a sample rate, "
            "expected 1 to 1e9 hertz."
        )
    told_apart = recording_rate is not None and not same_rate(recording_rate, rate)
    if recording_rate is not None and told_apart and "sample_rate" in metadata:
        warn(
            f"{path}: the recordings say {hertz(recording_rate)} and {PATH} says {hertz(rate)}; "
            f"{hertz(rate)} is used."
        )
    names = ("n_features_per_channel", "nfeatures_per_channel")
    before, after = _window(told)
    low, high = _band(told, rate)
    gain = told.number(
        ("voltage_gain",), None, lambda v: v >= 0, "microvolts per unit, 0 for unknown"
    )
    return Settings(
        sample_rate=float(rate),
        n_raw_channels=told.count(("n_channels", "nchannels"), None, "a number of channels"),
        n_features_per_channel=told.count(names, 3, "a number of features") or 3,
        n_features_assumed=not any(name in metadata for name in names),
        samples_before=before,
        samples_after=after,
        filter_order=told.count(("filter_butter_order",), 3, "an order from 1 to 20", 20) or 3,
        filter_low=low,
        filter_high=high,
        voltage_gain=float(gain or 1.0),
        gain_is_known=bool(gain),
        dtype=_raw_dtype(metadata, path, warn),
        detection_factor=_detection_factor(metadata),
    )


def recording_rate(recordings: dict[int, dict[str, Any]], path: str, warn: Warn) -> float | None:
    """The sample rate the recordings say, in hertz; that of the first where they disagree."""
    rates = {
        number: float(attributes["sample_rate"])
        for number, attributes in recordings.items()
        if _is_number(attributes.get("sample_rate")) and 1 <= attributes["sample_rate"] <= 1e9
    }
    if not rates:
        return None
    first = next(iter(rates))
    for number, rate in rates.items():
        if not same_rate(rate, rates[first]):
            warn(
                f"{path}: recording {first} was sampled at {hertz(rates[first])} and recording "
                f"{number} at {hertz(rate)}; one rate is used for all recordings."
            )
            break
    return rates[first]


def same_rate(first: float, second: float) -> bool:
    """Whether two sample rates are equal, up to the precision of float32, which some files hold."""
    return abs(first - second) <= 2e-7 * max(first, second)


@dataclass(frozen=True)
class _Numbers:
    """Numbers of the metadata, each checked; what is wrong is said and left out."""

    metadata: dict[str, Any]
    path: str
    warn: Warn

    def number(
        self,
        names: tuple[str, ...],
        default: float | None,
        good: Callable[[float], bool],
        expected: str,
    ) -> float | None:
        """The value under the first of these names that has a good one."""
        found = [(name, self.metadata[name]) for name in names if name in self.metadata]
        for name, value in list(found):
            if not _is_number(value) or not good(value):
                instead = "it is ignored" if default is None else f"{default:g} is assumed"
                self.warn(
                    f"{self.path}: {PATH}/@{name} is {value!r}, expected {expected}; {instead}."
                )
                found.remove((name, value))
        if len({value for _, value in found}) > 1:
            both = " and ".join(f"{name} = {value}" for name, value in found)
            self.warn(f"{self.path}: {PATH} says both {both}; the first is used.")
        return found[0][1] if found else default

    def count(
        self, names: tuple[str, ...], default: int | None, expected: str, most: int = 1_000_000
    ) -> int | None:
        """A whole number from 1 up."""
        found = self.number(names, default, lambda v: v == int(v) and 1 <= v <= most, expected)
        return None if found is None else int(found)


def _window(told: _Numbers) -> tuple[int, int]:
    """Samples of a waveform before a spike's time, and from it on."""
    expected = f"a number of samples up to {_LONGEST}"
    before = told.count(("extract_s_before",), None, expected, _LONGEST)
    after = told.count(("extract_s_after",), None, expected, _LONGEST)
    both = told.count(("waveforms_nsamples",), None, expected, 2 * _LONGEST)
    if both is not None and before is None and after is None:
        return max(1, both // 2), max(1, both - both // 2)
    if both is not None and before is None and after is not None and both > after:
        before = both - after
    if both is not None and after is None and before is not None and both > before:
        after = both - before
    return before or 16, after or 16


def _band(told: _Numbers, rate: float) -> tuple[float, float]:
    """Edges of the band-pass filter in hertz, such that the filter can be computed."""
    nyquist = rate / 2
    default_low, high = (500.0 if nyquist > 1000 else 0.01 * rate), 0.475 * rate
    found = told.number(
        ("filter_low",),
        default_low,
        lambda v: _LOWEST * rate <= v < nyquist,
        f"a frequency from {_LOWEST * rate:g} to {nyquist:g} Hz",
    )
    low = float(found or default_low)
    for name, factor in (("filter_high_factor", rate), ("filter_high", 1.0)):
        if name not in told.metadata:
            continue
        value = told.metadata[name]
        if _is_number(value) and _NARROWEST * low < value * factor <= _HIGHEST * rate:
            return low, float(value * factor)
        told.warn(
            f"{told.path}: the upper filter edge {PATH}/@{name} is {value!r}, expected one of "
            f"{low:g} to less than {nyquist:g} Hz; {high:g} Hz is assumed."
        )
        break
    if _NARROWEST * low >= high:
        told.warn(
            f"{told.path}: the lower filter edge {PATH}/@filter_low is {low:g} Hz, above the "
            f"upper one of {high:g} Hz; {high / 2:g} Hz is assumed."
        )
        low = high / 2
    return low, high


def _detection_factor(metadata: dict[str, Any]) -> float | None:
    """The strong threshold; nothing is computed with it, so that a bad one is no one's concern."""
    value: Any = metadata.get("threshold_strong_std_factor")
    return float(value) if _is_number(value) and 0 < value < 1000 else None


def _parse_dtype(told: Any) -> np.dtype | None:
    """The type that a name says; names are data, and only plain number types reach numpy."""
    found = _DTYPE.fullmatch(told.strip()) if isinstance(told, str) else None
    if found is None:
        return None
    order: Any = found.group(1) or "="
    return np.dtype(found.group(2)).newbyteorder(order)


def _raw_dtype(metadata: dict[str, Any], path: str, warn: Warn) -> np.dtype:
    """The type of flat raw files: what ``dtype`` or ``nbits`` says, else int16."""
    told = metadata.get("dtype")
    if told is None:
        nbits = metadata.get("nbits", 16)
        if nbits in (8, 16, 32, 64):
            return np.dtype(f"int{nbits}")
        warn(f"{path}: {PATH}/@nbits is {nbits!r}, expected 8, 16, 32 or 64; 16 is assumed.")
        return np.dtype(np.int16)
    dtype = _parse_dtype(told)
    if dtype is not None:
        return dtype
    warn(
        f"{path}: {PATH}/@dtype is {told!r}, expected an integer or float type such as "
        "'int16'; int16 is assumed."
    )
    return np.dtype(np.int16)

"""What `params.py` says: a list of assignments, read as data and never run."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from phygui.errors import DatasetError
from phygui.storage.files import check_regular_file, reason

FILE = "params.py"
_LARGEST = 1 << 20
"""Bytes that it may have."""
_MOST_CHANNELS = 1 << 20
_NO_PATHS = ("", "None")
"""What stands where there is no raw data: SpikeInterface writes the word."""


@dataclass(frozen=True)
class Params:
    """What a folder says of its raw data.

    Attributes
    ----------
    path : Path
        The `params.py`.
    sample_rate : float
        Hertz.
    n_channels : int
        Channels side by side in the raw data; 0 if it does not say.
    dtype : numpy.dtype
        Of a sample.
    offset : int
        Bytes before the first sample of each file.
    dat_paths : tuple of str
        The flat files of the raw data, one after the other in time; as they are written.
    is_filtered : bool
        Whether they were filtered before they were stored.
    remarks : tuple of str
        What is unusual, one sentence each.
    """

    path: Path
    sample_rate: float
    n_channels: int = 0
    dtype: np.dtype = field(default_factory=lambda: np.dtype(np.int16))
    offset: int = 0
    dat_paths: tuple[str, ...] = ()
    is_filtered: bool = False
    remarks: tuple[str, ...] = ()


def read_params(folder: Path) -> Params:
    """Read the `params.py` of a folder.

    Raises
    ------
    DatasetError
        If it cannot be read, or makes no sense.
    """
    path = folder / FILE
    status = check_regular_file(path)
    if status.st_size > _LARGEST:
        raise DatasetError(f"{path} has {status.st_size} bytes, expected a list of settings.")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path} cannot be read: {reason(error)}.") from error
    values, left_out = _assignments(path, text)
    remarks = tuple(
        f"{path}, line {line}: only plain values are read, {name} is left out."
        for name, line in left_out.items()
    )
    return Params(
        path=path,
        sample_rate=_sample_rate(path, values),
        n_channels=_count(path, values, "n_channels_dat", _MOST_CHANNELS),
        dtype=_dtype(path, values.get("dtype", "int16")),
        offset=_count(path, values, "offset", 1 << 62),
        dat_paths=_dat_paths(path, values.get("dat_path")),
        is_filtered=values.get("hp_filtered") is True,
        remarks=remarks,
    )


def _assignments(path: Path, text: str) -> tuple[dict[str, Any], dict[str, int]]:
    """The plain values that are assigned to names, and the lines of what is none."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        place = f"line {line}" if line else "its text"
        raise DatasetError(
            f"{path}: {place} cannot be read, expected lines such as sample_rate = 30000."
        ) from error
    values: dict[str, Any] = {}
    left_out: dict[str, int] = {}
    for node in tree.body:
        if not (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)):
            continue
        name = node.targets[0].id
        try:
            values[name] = ast.literal_eval(node.value)
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            left_out[name] = node.lineno
    return values, left_out


def _sample_rate(path: Path, values: Mapping[str, Any]) -> float:
    value = values.get("sample_rate")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DatasetError(f"{path}: sample_rate is {value!r}, expected a number of hertz.")
    if not (math.isfinite(value) and 1 <= value <= 1e7):
        raise DatasetError(f"{path}: sample_rate is {value:g}, expected 1 to 10,000,000 hertz.")
    return float(value)


def _count(path: Path, values: Mapping[str, Any], name: str, most: int) -> int:
    value = values.get(name) or 0
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise DatasetError(f"{path}: {name} is {value!r}, expected a whole number from 0 up.")
    return value


def _dtype(path: Path, value: object) -> np.dtype:
    try:
        found = np.dtype(value) if isinstance(value, str) else None
    except TypeError:
        found = None
    if found is None or found.kind not in "iuf":
        raise DatasetError(f"{path}: dtype is {value!r}, expected one of numbers, such as int16.")
    return found


def _dat_paths(path: Path, value: object) -> tuple[str, ...]:
    given = value if isinstance(value, list | tuple) else [value]
    if not all(each is None or isinstance(each, str) for each in given):
        raise DatasetError(f"{path}: dat_path is {value!r}, expected names of files.")
    return tuple(each for each in given if isinstance(each, str) and each not in _NO_PATHS)

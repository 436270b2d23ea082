"""Self-checking records: a JSON text and integer arrays, framed by lengths and a checksum."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.storage.state.state_files import parse_json

FORMAT_VERSION = 1

MARK = b"PhyR"
# Mark, format version, length of the text, length of the arrays, checksum of all but itself.
_HEAD = struct.Struct("<4sHIQI")
_CHECKED = _HEAD.size - 4

LARGEST_TEXT = 1 << 28
_MOST_PACKED = 1100
LARGEST_ARRAY = 1 << 34

_PIECE = 1 << 18
"""Values that are packed at a time."""


Pieces = Callable[[NDArray[Any]], Iterator[tuple[slice, NDArray[Any]]]]
"""Goes through the values of an array a piece at a time."""


class RecordError(ValueError):
    """Bytes that are no valid record; the text says why."""


@dataclass(frozen=True)
class Record:
    """One record: what JSON can hold, and arrays of integers that are not negative."""

    text: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)


def n_values(record: Record) -> int:
    """The length of the longest array of a record, which is not unpacked to be measured."""
    arrays = record.arrays
    lengths = arrays.lengths() if isinstance(arrays, _Arrays) else map(len, arrays.values())
    return max(lengths, default=0)


def encode(record: Record) -> bytes:
    """The bytes of a record.

    Each array is stored in the narrowest type, as differences where it is
    increasing, and compressed: 10,000 sorted spike ids take about 10 kB.

    Raises
    ------
    RecordError
        If an array is not made of integers, or holds a negative one.
    """
    blobs, specs = [], {}
    for name, values in record.arrays.items():
        specs[name], blob = _encode_array(name, np.asarray(values))
        blobs.append(blob)
    text = json.dumps({"arrays": specs, "text": dict(record.text)}, ensure_ascii=False).encode()
    data = b"".join(blobs)
    head = _HEAD.pack(MARK, FORMAT_VERSION, len(text), len(data), 0)[:_CHECKED]
    checksum = zlib.crc32(data, zlib.crc32(text, zlib.crc32(head)))
    return b"".join((head, struct.pack("<I", checksum), text, data))


@dataclass(frozen=True)
class Frame:
    """What the head of a record says, whatever its format.

    Attributes
    ----------
    size : int
        Bytes of the record, its head included.
    checksum : int
        The checksum that all of it but the checksum itself should have.
    """

    size: int
    checksum: int

    def is_whole(self, data: bytes, offset: int) -> bool:
        """Whether the record that starts there has this checksum."""
        view = memoryview(data)[offset : offset + self.size]
        found = zlib.crc32(view[_HEAD.size :], zlib.crc32(view[:_CHECKED]))
        return len(view) == self.size and found == self.checksum


def frame_at(data: bytes, offset: int) -> Frame | None:
    """The head that bytes would be if a record started there; None if they are too few."""
    if len(data) - offset < _HEAD.size:
        return None
    _, _, n_text, n_data, checksum = _HEAD.unpack_from(data, offset)
    return Frame(_HEAD.size + n_text + n_data, checksum)


def decode(data: bytes, offset: int = 0) -> tuple[Record, int]:
    """The record that starts at an offset, and the offset at which it ends.

    Raises
    ------
    RecordError
        If the bytes are cut short, damaged, or of a newer format.
    """
    if len(data) - offset < _HEAD.size:
        raise RecordError("it is cut short")
    mark, version, n_text, n_data, checksum = _HEAD.unpack_from(data, offset)
    if mark != MARK:
        raise RecordError("it does not start as a record does")
    if version > FORMAT_VERSION:
        raise RecordError(f"it has the format {version}, and {FORMAT_VERSION} is the newest known")
    start = offset + _HEAD.size
    end = start + n_text + n_data
    if n_text > LARGEST_TEXT or end > len(data):
        raise RecordError("it is cut short")
    view = memoryview(data)
    found = zlib.crc32(view[start:end], zlib.crc32(view[offset : offset + _CHECKED]))
    if found != checksum:
        raise RecordError("its checksum is wrong")
    try:
        told = parse_json(bytes(view[start : start + n_text]))
        arrays = _Arrays(told["arrays"], view[start + n_text : end])
        if not isinstance(told["text"], dict):
            raise RecordError("its text is not a mapping")
        return Record(told["text"], arrays), end
    except (ValueError, KeyError, TypeError, AttributeError, zlib.error, OverflowError) as error:
        raise RecordError(f"it is not valid ({error})") from error


def decode_all(data: bytes) -> tuple[list[Record], int, str]:
    """All the valid records from the start of some bytes.

    Returns
    -------
    records : list of Record
    end : int
        Where the last valid record ends.
    problem : str
        Why reading stopped there; empty at the end of the bytes.
    """
    records: list[Record] = []
    end = 0
    while end < len(data):
        try:
            record, end = decode(data, end)
        except RecordError as error:
            return records, end, str(error)
        records.append(record)
    return records, end, ""


def _encode_array(name: str, values: NDArray[Any]) -> tuple[dict[str, Any], bytes]:
    if values.ndim != 1 or values.dtype.kind not in "iu":
        raise RecordError(f"{name} is not a row of integers")
    if not len(values):
        return {"n": 0}, b""
    if int(values.min()) < 0:
        raise RecordError(f"{name} holds a negative number")
    increasing = values.dtype.kind == "i" and len(values) > 1
    increasing = increasing and all(int(steps.min()) >= 0 for _, steps in _steps(values))
    pieces = _steps if increasing else _pieces
    dtype = np.min_scalar_type(max(int(piece.max()) for _, piece in pieces(values)))
    if dtype == values.dtype == np.uint8:
        planes = values[np.newaxis]
    else:
        planes = _planes(values, pieces, dtype)
    # Only runs are looked for: other repetitions cost time and are hardly ever there.
    packer = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, zlib.Z_RLE)
    blob = packer.compress(np.ascontiguousarray(planes).data) + packer.flush()
    spec = {"n": len(values), "width": dtype.itemsize, "bytes": len(blob)}
    if increasing:
        spec["first"] = int(values[0])
    return spec, blob


def _planes(values: NDArray[Any], pieces: Pieces, dtype: np.dtype[Any]) -> NDArray[np.uint8]:
    """Bytes of equal weight side by side: the high ones are nearly all zero and pack well."""
    planes = np.empty((dtype.itemsize, len(values)), np.uint8)
    for where, piece in pieces(values):
        stored = piece.astype(dtype.newbyteorder("<")).view(np.uint8)
        planes[:, where] = stored.reshape(len(piece), dtype.itemsize).T
    return planes


def _pieces(values: NDArray[Any]) -> Iterator[tuple[slice, NDArray[Any]]]:
    """The values a piece at a time, so that no copy of all of them is made."""
    for start in range(0, len(values), _PIECE):
        yield slice(start, start + _PIECE), values[start : start + _PIECE]


def _steps(values: NDArray[Any]) -> Iterator[tuple[slice, NDArray[Any]]]:
    """The difference of each value to the one before it, a piece at a time; the first is 0."""
    last = values[0]
    for where, piece in _pieces(values):
        yield where, np.diff(piece, prepend=last)
        last = piece[-1]


class _Arrays(Mapping[str, NDArray[Any]]):
    """The arrays of a record, unpacked each time that one is asked for.

    A few bytes may promise gigabytes: they cost nothing unless they are wanted.
    """

    def __init__(self, specs: Mapping[str, Any], data: memoryview) -> None:
        self._parts: dict[str, _Packed] = {}
        start = 0
        for name, spec in specs.items():
            n = int(spec["n"])
            if n == 0:
                self._parts[name] = _Packed(0, 1, None, b"")
                continue
            width, size = int(spec["width"]), int(spec["bytes"])
            if width not in (1, 2, 4, 8) or not 0 < n * width <= LARGEST_ARRAY or size < 0:
                raise RecordError(f"{name} cannot have {n} values of {width} bytes")
            if start + size > len(data):
                raise RecordError(f"{name} is cut short")
            if n * width > size * _MOST_PACKED + _MOST_PACKED:
                raise RecordError(f"{name} cannot have {n} values in {size} bytes")
            first = int(spec["first"]) if "first" in spec else None
            self._parts[name] = _Packed(n, width, first, bytes(data[start : start + size]))
            start += size

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._parts[name].unpacked(name)

    def lengths(self) -> list[int]:
        """How many values each array has."""
        return [part.n for part in self._parts.values()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)


@dataclass(frozen=True)
class _Packed:
    """One array as it is stored."""

    n: int
    width: int
    first: int | None
    blob: bytes

    def unpacked(self, name: str) -> NDArray[Any]:
        if self.n == 0:
            return np.empty(0, np.int64)
        n, width = self.n, self.width
        # What is asked for is bounded by what was promised: no bytes can blow up in memory.
        try:
            inflated = zlib.decompressobj().decompress(self.blob, n * width)
        except zlib.error as error:
            raise RecordError(f"{name} is not valid ({error})") from error
        if len(inflated) != n * width:
            raise RecordError(f"{name} has {len(inflated)} bytes, not {n * width}")
        planes = np.frombuffer(inflated, np.uint8).reshape(width, n)
        # What increases is made of steps, and has become wide; the rest stays as narrow as it is.
        values = np.empty(n, f"u{width}" if self.first is None else np.int64)
        for where, piece in _pieces(values):
            piece[:] = np.ascontiguousarray(planes[:, where].T).view(f"<u{width}")[:, 0]
        if self.first is not None:
            np.cumsum(values, out=values)
            values += self.first
        return values

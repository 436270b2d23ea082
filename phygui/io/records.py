"""Self-checking records: a JSON text and integer arrays, framed by lengths and a checksum."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.io.state_files import parse_json

FORMAT_VERSION = 1

_MARK = b"PhyR"
# Mark, format version, length of the text, length of the arrays, checksum of all but itself.
_HEAD = struct.Struct("<4sHIQI")
_CHECKED = _HEAD.size - 4

LARGEST_TEXT = 1 << 28
_LOOKED_AT = 1 << 29
_MOST_PACKED = 1100
LARGEST_ARRAY = 1 << 34


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
    head = _HEAD.pack(_MARK, FORMAT_VERSION, len(text), len(data), 0)[:_CHECKED]
    checksum = zlib.crc32(data, zlib.crc32(text, zlib.crc32(head)))
    return b"".join((head, struct.pack("<I", checksum), text, data))


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
    if mark != _MARK:
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
            raise RecordError("its text is no mapping")
        return Record(told["text"], arrays), end
    except (ValueError, KeyError, TypeError, AttributeError, zlib.error, OverflowError) as error:
        raise RecordError(f"it makes no sense ({error})") from error


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


def has_record_after(data: bytes, offset: int) -> bool:
    """Whether a whole valid record lies anywhere behind an offset.

    That tells damage within a file from a last record that was cut short. Bytes made to look like
    the beginnings of many long records count as damage once they have taken too long.
    """
    position, looked_at = data.find(_MARK, offset + 1), 0
    while position >= 0:
        try:
            decode(data, position)
            return True
        except RecordError:
            looked_at += _claimed(data, position)
        if looked_at > _LOOKED_AT:
            return True
        position = data.find(_MARK, position + 1)
    return False


def _claimed(data: bytes, offset: int) -> int:
    """How many bytes have been looked at to find out that there is no record."""
    if len(data) - offset < _HEAD.size:
        return 0
    _, _, n_text, n_data, _ = _HEAD.unpack_from(data, offset)
    size = _HEAD.size + n_text + n_data
    return int(size) if offset + size <= len(data) else _HEAD.size


def _encode_array(name: str, values: NDArray[Any]) -> tuple[dict[str, Any], bytes]:
    if values.ndim != 1 or values.dtype.kind not in "iu":
        raise RecordError(f"{name} is not a row of integers")
    if not len(values):
        return {"n": 0}, b""
    if int(values.min()) < 0:
        raise RecordError(f"{name} holds a negative number")
    steps = np.diff(values, prepend=values[:1])
    increasing = values.dtype.kind == "i" and len(values) > 1 and int(steps.min()) >= 0
    if increasing:
        steps[0] = 0
    stored = steps if increasing else values
    dtype = np.min_scalar_type(int(stored.max())).newbyteorder("<")
    planes = stored.astype(dtype).view(np.uint8).reshape(len(values), dtype.itemsize)
    # Bytes of equal weight lie side by side: the high ones are nearly all zero and pack well.
    # Only runs are looked for: other repetitions cost time and are hardly ever there.
    packer = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, zlib.Z_RLE)
    blob = packer.compress(np.ascontiguousarray(planes.T).tobytes()) + packer.flush()
    spec = {"n": len(values), "width": dtype.itemsize, "bytes": len(blob)}
    if increasing:
        spec["first"] = int(values[0])
    return spec, blob


class _Arrays(Mapping[str, NDArray[np.int64]]):
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

    def __getitem__(self, name: str) -> NDArray[np.int64]:
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

    def unpacked(self, name: str) -> NDArray[np.int64]:
        if self.n == 0:
            return np.empty(0, np.int64)
        n, width = self.n, self.width
        # What is asked for is bounded by what was promised: no bytes can blow up in memory.
        try:
            inflated = zlib.decompressobj().decompress(self.blob, n * width)
        except zlib.error as error:
            raise RecordError(f"{name} makes no sense ({error})") from error
        if len(inflated) != n * width:
            raise RecordError(f"{name} has {len(inflated)} bytes, not {n * width}")
        planes = np.frombuffer(inflated, np.uint8).reshape(width, n)
        values = np.ascontiguousarray(planes.T).view(f"<u{width}")[:, 0].astype(np.int64)
        return values if self.first is None else np.cumsum(values) + self.first

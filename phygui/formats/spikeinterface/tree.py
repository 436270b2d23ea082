"""The files of an analyzer, of a folder of arrays or of a zarr folder, read in one way.

Nothing of them is run: pickles are passed over, and so are arrays of objects.
"""

from __future__ import annotations

import csv
import io
import json
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.errors import DatasetError
from phygui.storage.arrays.lazy import Selection, indices_of
from phygui.storage.arrays.npy import NOT_NPY, exists, open_rows
from phygui.storage.arrays.stores import MemoryStore, Store, hull, orthogonal
from phygui.storage.files import check_regular_file, reason

_LARGEST_TEXT = 1 << 28
Columns = dict[str, list[str]]


class Tree(ABC):
    """What an analyzer holds.

    Parameters
    ----------
    path : Path
        Its folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """How it was made."""

    @abstractmethod
    def recording_attributes(self) -> dict[str, Any]:
        """What it knows of its recording: channels, rate, lengths, gains."""

    @abstractmethod
    def probes(self) -> list[dict[str, Any]]:
        """Probes as probeinterface describes them."""

    @abstractmethod
    def recording(self) -> Any:
        """How its recording is made, as a mapping; None if that is not told."""

    @abstractmethod
    def unit_ids(self) -> list[Any]:
        """Ids of the units."""

    @abstractmethod
    def spikes(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Sample, place of the unit, and segment of each spike."""

    @abstractmethod
    def unit_properties(self) -> dict[str, NDArray[Any]]:
        """What the sorting tells of its units."""

    @abstractmethod
    def sparsity(self) -> NDArray[np.bool_] | None:
        """Whether a channel is one of a unit's: (n_units, n_channels); None where all are."""

    @abstractmethod
    def has(self, extension: str) -> bool:
        """Whether something was computed."""

    @abstractmethod
    def params(self, extension: str) -> dict[str, Any]:
        """How something was computed."""

    @abstractmethod
    def rows(self, extension: str, name: str) -> Store:
        """An array of numbers, whose rows are read as they are asked for."""

    @abstractmethod
    def records(self, extension: str, name: str) -> NDArray[Any]:
        """An array whose values have several fields."""

    @abstractmethod
    def table(self, extension: str) -> Columns:
        """The metrics of an extension: columns of texts, of which ``index`` has the units."""


def open_tree(path: Path) -> Tree:
    """The files of an analyzer.

    Raises
    ------
    DatasetError
        If they are neither of the two kinds.
    """
    if exists(path / "settings.json"):
        return Folder(path)
    if exists(path / ".zgroup"):
        return Zarr(path)
    raise DatasetError(f"{path} is no analyzer of SpikeInterface, or only a part of one.")


class Folder(Tree):
    """An analyzer of the format ``binary_folder``."""

    def _json(self, *names: str) -> Any:
        path = self.path.joinpath(*names)
        if check_regular_file(path).st_size > _LARGEST_TEXT:
            raise DatasetError(f"{path} is too large for what it should hold.")
        try:
            # As SpikeInterface writes it, a number may be NaN.
            return json.loads(path.read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            raise DatasetError(f"{path} cannot be read: {reason(error)}.") from error

    def _object(self, *names: str) -> dict[str, Any]:
        found = self._json(*names)
        if not isinstance(found, dict):
            raise DatasetError(f"{self.path.joinpath(*names)} holds no mapping of names.")
        return found

    def settings(self) -> dict[str, Any]:
        return self._object("settings.json")

    def recording_attributes(self) -> dict[str, Any]:
        return self._object("recording_info", "recording_attributes.json")

    def probes(self) -> list[dict[str, Any]]:
        if not exists(self.path / "recording_info" / "probegroup.json"):
            return []
        return _probes(self._json("recording_info", "probegroup.json"))

    def recording(self) -> Any:
        return self._json("recording.json") if exists(self.path / "recording.json") else None

    def unit_ids(self) -> list[Any]:
        found = self._object("sorting", "numpysorting_info.json").get("unit_ids")
        return found if isinstance(found, list) else []

    def spikes(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        path = self.path / "sorting" / "spikes.npy"
        spikes = _load(path)
        try:
            samples, units, segments = (
                np.ascontiguousarray(spikes[name], np.int64)
                for name in ("sample_index", "unit_index", "segment_index")
            )
        except (IndexError, ValueError, TypeError) as error:
            raise DatasetError(
                f"{path} has no samples, units and segments, expected a record for each spike."
            ) from error
        return samples, units, segments

    def unit_properties(self) -> dict[str, NDArray[Any]]:
        folder = self.path / "sorting" / "properties"
        if not folder.is_dir():
            return {}
        return {path.stem: _load(path) for path in sorted(folder.glob("*.npy"))}

    def sparsity(self) -> NDArray[np.bool_] | None:
        path = self.path / "sparsity_mask.npy"
        return _numbers_as(bool, _load(path), str(path)) if exists(path) else None

    def has(self, extension: str) -> bool:
        return exists(self.path / "extensions" / extension)

    def params(self, extension: str) -> dict[str, Any]:
        return self._object("extensions", extension, "params.json")

    def _array(self, extension: str, name: str) -> Path:
        return self.path / "extensions" / extension / f"{name}.npy"

    def rows(self, extension: str, name: str) -> Store:
        return open_rows(self._array(extension, name))

    def records(self, extension: str, name: str) -> NDArray[Any]:
        return _load(self._array(extension, name))

    def table(self, extension: str) -> Columns:
        path = self.path / "extensions" / extension / "metrics.csv"
        if check_regular_file(path).st_size > _LARGEST_TEXT:
            raise DatasetError(f"{path} is too large for a table of units.")
        try:
            rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
        except (OSError, ValueError, csv.Error) as error:
            raise DatasetError(f"{path} cannot be read: {reason(error)}.") from error
        header = ["index", *rows[0][1:]] if rows else ["index"]
        lines = [row for row in rows[1:] if len(row) == len(header)]
        return {name: [row[i] for row in lines] for i, name in enumerate(header)}


def _load(path: Path) -> NDArray[Any]:
    """A small array, or one of records: never of objects."""
    check_regular_file(path)
    try:
        return np.asarray(np.load(path, allow_pickle=False))
    except (OSError, *NOT_NPY) as error:
        raise DatasetError(f"{path} cannot be read: {reason(error)}.") from error


def _numbers_as(dtype: type, values: NDArray[Any], place: str) -> NDArray[Any]:
    """Numbers as such of another type; what is none is refused."""
    if values.dtype.kind not in "biuf":
        raise DatasetError(f"{place} holds {values.dtype}, expected numbers.")
    return values.astype(dtype)


def _probes(told: Any) -> list[dict[str, Any]]:
    probes = told.get("probes") if isinstance(told, dict) else None
    return [probe for probe in probes or () if isinstance(probe, dict)]


class Zarr(Tree):
    """An analyzer of the format ``zarr``."""

    _CODECS = frozenset(("blosc", "bz2", "gzip", "lz4", "lzma", "zlib", "zstd", "delta", "shuffle"))
    """What packs numbers; others, such as pickle, run what a file says."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        import zarr  # type: ignore[import-untyped]

        # zarr 3 knows no arrays of objects, and where it reads what all arrays are at once, one of
        # them keeps the others from being read.
        apart = {"use_consolidated": False} if int(zarr.__version__.partition(".")[0]) > 2 else {}
        try:
            self._root = zarr.open_group(str(path), mode="r", **apart)
        except Exception as error:
            raise DatasetError(f"{path} cannot be read as zarr: {reason(error)}.") from error

    def _group(self, where: str) -> Any:
        try:
            return self._root[where]
        except Exception as error:
            raise DatasetError(f"{self.path} lacks {where}, or it cannot be read.") from error

    def _attributes(self, where: str) -> dict[str, Any]:
        attributes = self._root.attrs if not where else self._group(where).attrs
        try:
            return dict(attributes.asdict())
        except Exception as error:
            raise DatasetError(
                f"{self.path}: what {where or 'it'} says cannot be read: {reason(error)}."
            ) from error

    def _named(self, where: str, name: str) -> Any:
        return self._attributes(where).get(name)

    def _array(self, where: str, codecs: frozenset[str] = _CODECS) -> Any:
        found = self._group(where)
        used = [*(getattr(found, "filters", None) or ()), getattr(found, "compressor", None)]
        for codec in used:
            name = getattr(codec, "codec_id", "")
            if codec is not None and name not in codecs:
                raise DatasetError(
                    f"{self.path}: {where} is packed by {name!r}, which is not read."
                )
        if not hasattr(found, "shape"):
            raise DatasetError(f"{self.path}: {where} is no array.")
        return found

    def _numbers(self, where: str) -> Any:
        found = self._array(where)
        if found.dtype.kind not in "biufUSV" or found.dtype.hasobject:
            raise DatasetError(f"{self.path}: {where} holds {found.dtype}, expected numbers.")
        return found

    def _read(self, where: str) -> NDArray[Any]:
        found = self._numbers(where)
        try:
            return np.asarray(found[:])
        except Exception as error:
            raise DatasetError(f"{self.path}: {where} cannot be read: {reason(error)}.") from error

    def _whole_numbers(self, where: str) -> NDArray[np.int64]:
        return _numbers_as(np.int64, self._read(where), f"{self.path}: {where}")

    def settings(self) -> dict[str, Any]:
        found = self._named("", "settings")
        return found if isinstance(found, dict) else {}

    def recording_attributes(self) -> dict[str, Any]:
        found = self._named("recording_info", "recording_attributes")
        if not isinstance(found, dict):
            raise DatasetError(f"{self.path} does not tell the attributes of its recording.")
        return found

    def probes(self) -> list[dict[str, Any]]:
        return _probes(self._named("recording_info", "probegroup"))

    def recording(self) -> Any:
        try:
            # To zarr 3, even to ask whether it is there is to read it.
            if "recording" not in self._root:
                return None
            # Objects as JSON texts are read, as pickles they are not.
            return self._array("recording", self._CODECS | {"json2"})[0]
        except DatasetError:
            raise
        except Exception as error:
            raise DatasetError(f"{self.path}: recording cannot be read ({error}).") from error

    def unit_ids(self) -> list[Any]:
        return list(self._read("sorting/unit_ids").tolist())

    def spikes(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        names = ("sample_index", "unit_index", "segment_slices")
        samples, units, bounds = (self._whole_numbers(f"sorting/spikes/{name}") for name in names)
        if bounds.ndim != 2 or bounds.shape[1] != 2:
            raise DatasetError(
                f"{self.path}: sorting/spikes/segment_slices has the shape {bounds.shape}, "
                "expected the first and the last spike of each segment."
            )
        segments = np.zeros(len(samples), np.int64)
        for segment, (start, stop) in enumerate(bounds.tolist()):
            segments[start:stop] = segment
        return samples, units, segments

    def unit_properties(self) -> dict[str, NDArray[Any]]:
        if "sorting/properties" not in self._root:
            return {}
        names = sorted(self._group("sorting/properties").array_keys())
        return {name: self._read(f"sorting/properties/{name}") for name in names}

    def sparsity(self) -> NDArray[np.bool_] | None:
        if "sparsity_mask" not in self._root:
            return None
        return _numbers_as(bool, self._read("sparsity_mask"), f"{self.path}: sparsity_mask")

    def has(self, extension: str) -> bool:
        return f"extensions/{extension}" in self._root

    def params(self, extension: str) -> dict[str, Any]:
        found = self._named(f"extensions/{extension}", "params")
        return found if isinstance(found, dict) else {}

    def rows(self, extension: str, name: str) -> Store:
        found = self._numbers(f"extensions/{extension}/{name}")
        if not all(found.shape):
            return MemoryStore(np.zeros(found.shape, found.dtype))
        return _ZarrStore(self.path, found)

    def records(self, extension: str, name: str) -> NDArray[Any]:
        return self._read(f"extensions/{extension}/{name}")

    def table(self, extension: str) -> Columns:
        where = f"extensions/{extension}/metrics"
        names = sorted(self._group(where).array_keys())
        return {name: [str(v) for v in self._read(f"{where}/{name}").tolist()] for name in names}


class _ZarrStore(Store):
    """An array of zarr; its chunks are read and unpacked as they are asked for."""

    def __init__(self, path: Path, array: Any) -> None:
        self._path = path
        self._array = array
        self.shape = tuple(array.shape)
        self.dtype = np.dtype(array.dtype)

    def read(self, selections: list[Selection]) -> np.ndarray:
        whole = [hull(s) for s in selections]
        try:
            if all(isinstance(s, slice) for s in selections):
                return np.asarray(self._array[tuple(selections)])
            rows, *inner = selections
            block = np.asarray(self._array.oindex[(indices_of(rows), *whole[1:])])
        except Exception as error:
            raise DatasetError(f"{self._path} cannot be read: {reason(error)}.") from error
        shifted = [_within(s, h) for s, h in zip(inner, whole[1:], strict=True)]
        return orthogonal(block, [slice(0, len(block), 1), *shifted])


def _within(selection: Selection, of: slice) -> Selection:
    """A selection counted from the start of what was read."""
    if isinstance(selection, slice):
        return slice(selection.start - of.start, selection.stop - of.start, selection.step)
    return np.asarray(selection - of.start)

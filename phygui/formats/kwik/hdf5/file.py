"""HDF5 files from strangers: every path, link, size and attribute is checked before it is used."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from h5py import h5a, h5d, h5g, h5l, h5o, h5s, h5t

from phygui.errors import DatasetError
from phygui.formats.kwik.hdf5.values import UNREADABLE, plain
from phygui.storage.files import check_regular_file, reason

#: Larger attributes than this are refused: the largest genuine one is an adjacency graph.
MAX_ATTRIBUTE_BYTES = 2**24
#: More members than this in one group are refused.
MAX_MEMBERS = 1_000_000
#: More spikes (or events, or rows of any array read whole) than this are refused.
MAX_ROWS = 2_000_000_000
#: Deflate cannot compress better than 1032:1, so a file that claims more is lying.
MAX_COMPRESSION = 1100
_MAX_LINKS = 16


@contextmanager
def open_hdf5(path: Path) -> Iterator[File]:
    """Open an HDF5 file read-only; whatever the library says becomes a ``DatasetError``."""
    file = File(path)
    try:
        with hdf5_errors(path):
            yield file
    finally:
        file.close()


def open_read_only(path: Path, **options: Any) -> h5py.File:
    """Open an HDF5 file through h5py, also where the file system knows no locks, as some NFS."""
    try:
        return h5py.File(path, "r", **options)
    except BlockingIOError:
        raise  # locked by another program
    except OSError as error:
        if "unable to lock" not in str(error):
            raise
        return h5py.File(path, "r", locking=False, **options)


@contextmanager
def hdf5_errors(path: Path) -> Iterator[None]:
    """Turn what h5py raises on a damaged file into a ``DatasetError`` naming the file."""
    try:
        yield
    except DatasetError:
        raise
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError) as error:
        raise DatasetError(f"{path} is damaged and cannot be read: {reason(error)}.") from error
    except MemoryError as error:
        raise DatasetError(f"{path} asks for more memory than there is.") from error


class File:
    """A read-only HDF5 file of which only what is inside the file itself is ever opened."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = check_regular_file(path).st_size
        try:
            if not h5py.is_hdf5(path):
                raise DatasetError(f"{path} is not an HDF5 file, or its beginning is damaged.")
            self.h5 = open_read_only(path)
        except DatasetError:
            raise
        except BlockingIOError as error:
            raise DatasetError(
                f"{path} is open for writing in another program; close it there first."
            ) from error
        except PermissionError as error:
            raise DatasetError(f"{path} may not be read by this user.") from error
        except (OSError, RuntimeError, ValueError) as error:
            text = str(error)
            if "already open for write" in text:
                raise DatasetError(
                    f"{path} is open for writing in another program, or that program did not close "
                    "it."
                ) from error
            if "truncated" in text:
                raise DatasetError(
                    f"{path} is truncated: it holds {self.size} bytes, fewer than it says."
                ) from error
            raise DatasetError(f"{path} is a damaged HDF5 file: {reason(error)}.") from error

    def close(self) -> None:
        """Close the file; what is open in it becomes unusable."""
        self.h5.close()

    # -- finding -----------------------------------------------------------------------------

    def find(self, path: str) -> h5g.GroupID | h5d.DatasetID | None:
        """The object at an absolute path, or None; links that leave the file are refused."""
        return self._walk(self.h5.id, [part for part in path.split("/") if part], path, 0)

    def child(self, group: h5g.GroupID, name: str, path: str) -> Any:
        """The member ``name`` of a group, or None."""
        return self._walk(group, [name], path, 0)

    def _walk(self, start: Any, parts: list[str], path: str, depth: int) -> Any:
        here = start
        for i, part in enumerate(parts):
            if not isinstance(here, h5g.GroupID | h5py.h5f.FileID) or "\0" in part:
                return None
            name = part.encode("utf-8", "surrogateescape")
            where = h5g.open(here, b"/") if isinstance(here, h5py.h5f.FileID) else here
            if not where.links.exists(name):
                return None
            kind = where.links.get_info(name).type
            if kind == h5l.TYPE_EXTERNAL:
                raise DatasetError(
                    f"{self.path}: {path} is an HDF5 external link, which is not followed; "
                    "the data must be in the file itself."
                )
            if kind == h5l.TYPE_SOFT:
                if depth >= _MAX_LINKS:
                    raise DatasetError(f"{self.path}: {path} is a soft link that leads to itself.")
                target = where.links.get_val(name).decode("utf-8", "surrogateescape")
                rest = [p for p in target.split("/") if p and p != "."] + parts[i + 1 :]
                base = self.h5.id if target.startswith("/") else where
                return self._walk(base, rest, path, depth + 1)
            if kind != h5l.TYPE_HARD:
                raise DatasetError(f"{self.path}: {path} is a link of an unknown kind.")
            here = h5o.open(where, name)
        if isinstance(here, h5py.h5f.FileID):
            here = h5g.open(here, b"/")
        return here

    def group(self, path: str) -> h5g.GroupID | None:
        """The group at a path, or None when nothing is there."""
        found = self.find(path)
        if found is not None and not isinstance(found, h5g.GroupID):
            raise DatasetError(f"{self.path}: {path} is a {kind_of(found)}, expected a group.")
        return found

    def dataset(self, path: str) -> h5d.DatasetID | None:
        """The dataset at a path, or None; virtual and externally stored ones are refused."""
        found = self.find(path)
        if found is None:
            return None
        return self.check_dataset(found, path)

    def check_dataset(self, found: Any, path: str) -> h5d.DatasetID:
        """The object, if it is a dataset whose bytes are in this file."""
        if not isinstance(found, h5d.DatasetID):
            raise DatasetError(f"{self.path}: {path} is a {kind_of(found)}, expected a dataset.")
        plist = found.get_create_plist()
        if plist.get_layout() == h5d.VIRTUAL:
            raise DatasetError(f"{self.path}: {path} is a virtual dataset, which is not followed.")
        if plist.get_external_count() > 0:
            raise DatasetError(
                f"{self.path}: {path} keeps its data in another file, which is not followed."
            )
        return found

    def members(self, path: str) -> list[str]:
        """Names in a group (empty when it is absent), in no particular order."""
        group = self.group(path)
        return [] if group is None else self.names(group, path)

    def names(self, group: h5g.GroupID, path: str) -> list[str]:
        """Names of a group's members; a group with absurdly many is refused unread."""
        count = group.get_num_objs()
        if count > MAX_MEMBERS:
            raise DatasetError(
                f"{self.path}: {path} holds {count} members, expected at most {MAX_MEMBERS}."
            )
        names: list[str] = []
        group.links.iterate(lambda name: names.append(name.decode("utf-8", "surrogateescape")))
        return names

    # -- attributes --------------------------------------------------------------------------

    def attribute(self, where: Any, name: str, path: str) -> Any:
        """One attribute as a plain Python value or an array; None if absent or empty.

        ``UNREADABLE`` stands for a pickle or a type with no plain meaning.
        """
        key = name.encode()
        if not h5a.exists(where, key):
            return None
        attribute = h5a.open(where, key)
        number = _single_integer(attribute)
        if number is not None:
            return number
        if attribute.get_space().get_simple_extent_type() == h5s.NULL or 0 in attribute.shape:
            return None
        size = attribute.get_storage_size()
        if size > min(MAX_ATTRIBUTE_BYTES, self.size):
            raise DatasetError(
                f"{self.path}: the attribute {name} of {path} holds {size} bytes, "
                f"expected at most {min(MAX_ATTRIBUTE_BYTES, self.size)}."
            )
        kind = attribute.get_type()
        if isinstance(kind, h5t.TypeIntegerID | h5t.TypeFloatID):
            # The common case, read without the layers above.
            value = np.empty(attribute.shape, dtype=attribute.dtype)
            attribute.read(value)
            return plain(value)
        if not isinstance(kind, h5t.TypeStringID | h5t.TypeEnumID):
            return UNREADABLE
        try:
            return plain(h5py.AttributeManager(_Shell(where))[name])
        except (OSError, RuntimeError, TypeError, ValueError, UnicodeError):
            return UNREADABLE

    def attributes(self, where: Any, path: str) -> dict[str, Any]:
        """All attributes of an object, as ``attribute`` gives them, without the absent ones."""
        if h5a.get_num_attrs(where) > 10_000:
            raise DatasetError(
                f"{self.path}: {path} holds {h5a.get_num_attrs(where)} attributes, "
                "expected at most 10000."
            )
        names: list[str] = []
        h5a.iterate(where, lambda name: names.append(name.decode("utf-8", "surrogateescape")))
        found = {name: self.attribute(where, name, path) for name in names}
        return {name: value for name, value in found.items() if value is not None}

    # -- datasets ----------------------------------------------------------------------------

    def vector(self, path: str, *, required: bool = True) -> np.ndarray | None:
        """A whole one-dimensional dataset of numbers, its size checked before it is read."""
        dataset = self.dataset(path)
        if dataset is None:
            if required:
                raise DatasetError(f"{self.path}: {path} is missing, expected a dataset.")
            return None
        return self.read_vector(dataset, path)

    def read_vector(self, dataset: h5d.DatasetID, path: str) -> np.ndarray:
        """The values of a one-dimensional dataset of integers or floats."""
        self.check_numbers(dataset, path, rank=1)
        values = np.empty(dataset.shape, dtype=dataset.dtype)
        if values.size:
            dataset.read(h5s.ALL, h5s.ALL, values)
        return values

    def check_numbers(self, dataset: h5d.DatasetID, path: str, *, rank: int) -> None:
        """Refuse a dataset of another rank, of no numbers, or claiming more than it stores."""
        shape = dataset.shape
        if shape is None or len(shape) != rank:
            raise DatasetError(
                f"{self.path}: {path} has shape {shape}, expected {rank} "
                f"dimension{'s' if rank > 1 else ''}."
            )
        dtype = dataset.dtype
        if dtype.kind not in "iuf":
            raise DatasetError(f"{self.path}: {path} holds {dtype}, expected numbers.")
        count = math.prod(shape)
        nbytes = count * dtype.itemsize
        if shape[0] > MAX_ROWS:
            raise DatasetError(
                f"{self.path}: {path} has {shape[0]} rows, expected at most {MAX_ROWS}."
            )
        stored = dataset.get_storage_size()
        compressed = dataset.get_create_plist().get_nfilters() > 0
        if nbytes > stored * (MAX_COMPRESSION if compressed else 1):
            raise DatasetError(
                f"{self.path}: {path} has shape {shape} and should hold {nbytes} bytes, "
                f"but only {stored} are in the file."
            )
        if stored > self.size:
            raise DatasetError(
                f"{self.path}: {path} should hold {stored} bytes, "
                f"but the whole file has only {self.size}."
            )


def read_integer(where: Any, key: bytes) -> int | None:
    """A single integer attribute by the shortest way, for the groups of many clusters.

    None if it is not there, or is anything else.
    """
    return _single_integer(h5a.open(where, key)) if h5a.exists(where, key) else None


def _single_integer(attribute: h5a.AttrID) -> int | None:
    kind = attribute.get_type()
    # The library does not check that what it reads fits into what it is given.
    if attribute.get_space().get_simple_extent_npoints() != 1:
        return None
    if not isinstance(kind, h5t.TypeIntegerID) or kind.get_size() > 8:
        return None
    if kind.get_size() == 8 and kind.get_sign() == h5t.SGN_NONE:
        return None
    value = np.empty((), dtype=np.int64)
    attribute.read(value, h5t.NATIVE_INT64)
    return int(value)


class _Shell:
    """The little of an h5py object that its attribute reader needs."""

    def __init__(self, where: Any) -> None:
        self.id = where


def kind_of(found: Any) -> str:
    """What an object is, in a word."""
    if isinstance(found, h5g.GroupID):
        return "group"
    return "dataset" if isinstance(found, h5d.DatasetID) else "named type"

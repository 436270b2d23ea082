"""Values and attributes of HDF5 files as plain Python, links and sizes checked."""

from __future__ import annotations

import errno
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phygui.errors import DatasetError
from phygui.formats.kwik.hdf5.file import File, open_hdf5
from phygui.formats.kwik.hdf5.values import UNREADABLE, is_pickle, plain, unwrap


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (3, 3),
        (np.uint8(7), 7),
        (2.5, 2.5),
        (True, True),
        ("text", "text"),
        ("日本", "日本"),
        ("", ""),
        (np.bytes_(b"text"), "text"),
        (np.bytes_("é".encode()), "é"),
        (np.bytes_(b"caf\xe9"), "caf\ufffd"),
        (np.array([b"negative"]), "negative"),
        (np.array([5]), 5),
        (np.array(["a", "bc"], dtype=h5py.string_dtype()), ["a", "bc"]),
        ("b'negative'", "negative"),
        (np.array([b"b'negative'"]), "negative"),
        (np.array([1.5, 2]), np.array([1.5, 2])),
        (np.zeros((2, 2), "i4"), np.zeros((2, 2), "i4")),
        (h5py.Empty("f8"), None),
        (np.bytes_(pickle.dumps(None, 0)), UNREADABLE),
        (np.bytes_(pickle.dumps([1, "a"], 0)), UNREADABLE),
        (np.bytes_(pickle.dumps({"a": 1.5}, 1)), UNREADABLE),
        (pickle.dumps([b"x"], 0).decode("latin-1"), UNREADABLE),
        (np.zeros(2, dtype=[("a", "i4")]), UNREADABLE),
        (np.complex128(1), UNREADABLE),
        (np.void(b"abc"), UNREADABLE),
    ],
    ids=repr,
)
def test_attributes_are_plain(tmp_path: Path, stored: Any, expected: Any) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["x"] = stored
    with open_hdf5(tmp_path / "a.h5") as file:
        root = file.group("/")
        found = file.attribute(root, "x", "/")
        listed = file.attributes(root, "/")
    if isinstance(expected, np.ndarray):
        np.testing.assert_array_equal(found, expected, strict=True)
        assert list(listed) == ["x"]
    else:
        assert found == expected
        assert type(found) is type(expected)
        assert listed == ({} if expected is None else {"x": expected})


def test_references_and_lists_of_variable_length_are_not_read(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["r"] = file.ref
        file.attrs.create("v", [np.arange(2), np.arange(3)], dtype=h5py.vlen_dtype(np.int32))
    with open_hdf5(tmp_path / "a.h5") as file:
        assert file.attributes(file.group("/"), "/") == {"r": UNREADABLE, "v": UNREADABLE}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("b'a'", "a"),
        ('b"it\'s"', "it's"),
        (repr("é\\ \n'\"".encode()), "é\\ \n'\""),
        ("b''", ""),
        ("b'a", "b'a"),
        ("'a'", "'a'"),
        ("bass", "bass"),
        ("b'a' and b'c'", "a' and b'c"),
        (repr(b"\xff"), r"\xff"),
        ("name\0\0", "name"),
    ],
)
def test_the_repr_of_bytes_is_unwrapped(text: str, expected: str) -> None:
    assert unwrap(text) == expected


@given(st.text())
def test_any_text_survives_its_repr(text: str) -> None:
    assert unwrap(repr(text.encode())) == text


@pytest.mark.parametrize(
    "text", ["etc.", "b.", ".", "", "p.", "probe A.", "1.", "N", "version 2.0."]
)
def test_text_is_not_taken_for_a_pickle(text: str) -> None:
    assert not is_pickle(text.encode())


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner),
        max_leaves=8,
    ),
    st.integers(0, 5),
)
def test_every_pickle_is_seen(value: Any, protocol: int) -> None:
    assert is_pickle(pickle.dumps(value, protocol=protocol))


def test_values_of_no_plain_meaning() -> None:
    assert plain(object()) is UNREADABLE
    assert plain(np.array([object()])) is UNREADABLE
    assert plain(np.array([])) is None
    assert repr(UNREADABLE) == "UNREADABLE"


@pytest.fixture
def file(tmp_path: Path) -> Iterator[File]:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as h5:
        h5["a/b/x"] = np.arange(3)
        h5["a/soft"] = h5py.SoftLink("b/x")
        h5["a/up"] = h5py.SoftLink("/a/b")
        h5["a/hard"] = h5["a/b/x"]
        h5["loop"] = h5py.SoftLink("/loop2")
        h5["loop2"] = h5py.SoftLink("/loop")
        h5["out"] = h5py.ExternalLink("b.h5", "/x")
        h5["a/b/out"] = h5py.SoftLink("/out/inside")
    with open_hdf5(path) as opened:
        yield opened


@pytest.mark.parametrize("path", ["/a/b/x", "a/b/x", "/a/soft", "/a/up/x", "/a/hard", "//a//b/x"])
def test_links_within_the_file(file: File, path: str) -> None:
    values = file.vector(path)
    assert values is not None
    assert values.tolist() == [0, 1, 2]


@pytest.mark.parametrize("path", ["/nowhere", "/a/nowhere/x", "/a/b/x/y", "/é", "/a/\0"])
def test_what_is_not_there(file: File, path: str) -> None:
    assert file.find(path) is None
    assert file.vector(path, required=False) is None
    assert file.members(path) == []
    with pytest.raises(DatasetError, match="is missing, expected a dataset"):
        file.vector(path)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/loop", "soft link that leads to itself"),
        ("/out", "is an HDF5 external link"),
        ("/out/x", "is an HDF5 external link"),
        ("/a/b/out", "is an HDF5 external link"),
    ],
)
def test_links_that_lead_nowhere_good(file: File, path: str, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        file.find(path)


def test_groups_and_datasets_are_told_apart(file: File) -> None:
    assert sorted(file.members("/a")) == ["b", "hard", "soft", "up"]
    with pytest.raises(DatasetError, match="/a/b/x is a dataset, expected a group"):
        file.group("/a/b/x")
    with pytest.raises(DatasetError, match="/a/b is a group, expected a dataset"):
        file.dataset("/a/b")
    root = file.group("/")
    assert root is not None
    assert file.child(root, "nobody", "/nobody") is None


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["x"] = np.arange(3)
    real = h5py.File

    def without_locks(*args: Any, locking: Any = None, **options: Any) -> h5py.File:
        if locking is not False:
            raise OSError(code, f"unable to lock file, errno = {code}")
        return real(*args, locking=locking, **options)

    monkeypatch.setattr(h5py, "File", without_locks)
    with open_hdf5(path) as file:
        values = file.vector("/x")
    assert values is not None
    assert values.tolist() == [0, 1, 2]

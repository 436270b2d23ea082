"""Attribute values of both generations of writers as plain Python, pickles never opened."""

from __future__ import annotations

import re
from typing import Any

import numpy as np


class _Unreadable:
    """The one value that stands for what cannot be read."""

    def __repr__(self) -> str:
        return "UNREADABLE"


#: Stands for an attribute that is a pickle or has no plain meaning.
UNREADABLE = _Unreadable()

_REPR_OF_BYTES = re.compile(r"""b(['"])(.*)\1""", re.DOTALL)


def plain(value: Any) -> Any:
    """An attribute as a plain int, float, bool or str; several values become an array or a list.

    A one-element array is its element, and text stored as the repr of bytes is unwrapped.
    None stands for no value, ``UNREADABLE`` for a pickle.
    """
    if isinstance(value, np.ndarray):
        if value.dtype.kind in "SOU":
            texts = [plain(item) for item in value.ravel().tolist()]
            if value.size == 1:
                return texts[0]
            return UNREADABLE if any(text is UNREADABLE for text in texts) else texts
        if value.size == 1 and value.ndim <= 1:
            return value.reshape(()).item()
        return value if value.size else None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bytes):
        return UNREADABLE if is_pickle(value) else unwrap(value.decode("utf-8", "replace"))
    if isinstance(value, str):
        raw = value.encode("utf-8", "replace")
        return UNREADABLE if is_pickle(raw) else unwrap(value)
    if isinstance(value, int | float):
        return value
    return UNREADABLE


def unwrap(text: str) -> str:
    """``negative`` from ``b'negative'``; any other text as it is."""
    found = _REPR_OF_BYTES.fullmatch(text)
    if found is None:
        return text.rstrip("\0")
    inner = found.group(2)
    if "\\" not in inner:
        return inner
    try:
        # Only the escapes of a bytes literal: \\, \', \", \n, \r, \t and \xNN.
        raw = re.sub(rb"\\(x[0-9a-fA-F]{2}|.)", _escape, inner.encode("latin-1"), flags=re.DOTALL)
        return raw.decode("utf-8")
    except (UnicodeError, ValueError):
        return inner


_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"\\": b"\\", b"'": b"'", b'"': b'"'}


def _escape(match: re.Match[bytes]) -> bytes:
    code = match.group(1)
    if code.startswith(b"x") and len(code) == 3:
        return bytes([int(code[1:], 16)])
    return _ESCAPES.get(code, match.group(0))


def is_pickle(raw: bytes) -> bool:
    """Whether bytes are a complete pickle, by reading its opcodes and running none of them.

    PyTables stores what is not a number, text or array that way, without any mark.
    """
    if not raw.endswith(b"."):
        return False
    if raw.startswith(b"\x80"):
        return True
    import pickletools

    class Nowhere:
        def write(self, text: str) -> None:
            pass

    try:
        # Disassembly checks the stack too, so "etc." and "b." stay text.
        pickletools.dis(raw, out=Nowhere())  # type: ignore[arg-type]
    except Exception:  # whatever it cannot disassemble is not a pickle
        return False
    return True

"""What may be wrong with the files of a folder, whatever the format."""

from __future__ import annotations

import os
import pickle
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np

Damage = Callable[[Path, random.Random, str], None]
"""Damages a folder; the text is a command that leaves a mark if anything runs it."""


class Evil:
    """What a pickle may do when it is loaded."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (self.command,)


def an_array(path: Path, rng: random.Random) -> Path:
    """One of the `.npy` files of a folder, or any file where there is none."""
    return rng.choice(sorted(path.rglob("*.npy")) or [a_file(path, rng)])


def a_file(path: Path, rng: random.Random) -> Path:
    """One of its files; every other time one that is no array."""
    there = sorted(p for p in path.rglob("*") if p.is_file())
    others = [p for p in there if p.suffix != ".npy"]
    return rng.choice(others if others and rng.random() < 0.5 else there)


def pickled(path: Path, rng: random.Random, command: str) -> None:
    """Pickles in place of an array."""
    an_array(path, rng).write_bytes(pickle.dumps(Evil(command), protocol=rng.randrange(6)))


def objects(path: Path, rng: random.Random, command: str) -> None:
    """Arrays of objects."""
    n = rng.choice((1, 300))
    np.save(an_array(path, rng), np.array([Evil(command)] * n, object), allow_pickle=True)


def other_types(path: Path, rng: random.Random, _: str) -> None:
    """Values of another type."""
    target = an_array(path, rng)
    there = np.load(target)
    kinds = ["U5", "S3", "c16", "?", "M8[s]", "V4", "f2", ">i8", ">f4", "i1", "u8"]
    kind = rng.choice(kinds)
    values = np.zeros(there.shape, kind) if kind[0] in "MVUS" else there.astype(kind)
    if rng.random() < 0.2:
        values = np.zeros(there.shape, [("a", "i4"), ("b", "O" if rng.random() < 0.3 else "f8")])
    np.save(target, values, allow_pickle=True)


def other_shapes(path: Path, rng: random.Random, _: str) -> None:
    """More or fewer values, and axes."""
    target = an_array(path, rng)
    there = np.load(target)
    found = rng.choice(
        [
            there.T,
            there[None],
            there[..., None],
            there[: len(there) // 2],
            there[:0],
            there[:1],
            np.concatenate([there, there]),
            there.ravel()[:1].reshape(()),
            there.reshape(-1),
            np.zeros((0,) * 5),
            np.ones((1,) * 12),
        ]
    )
    np.save(target, np.asfortranarray(found) if rng.random() < 0.3 else found)


def odd_numbers(path: Path, rng: random.Random, _: str) -> None:
    """What no index, time or voltage is."""
    target = an_array(path, rng)
    found = np.load(target)
    if found.dtype.kind == "f" or rng.random() < 0.3:
        found = found.astype(np.float64)
        odd: list[float] = [np.nan, np.inf, -np.inf, 1e308, -0.5, 0.5, 2.0**62]
    else:
        found = found.astype(np.int64)
        odd = [-1, -(2**63), 2**31, 2**40, 2**63 - 1]
    flat = found.reshape(-1)
    chosen = rng.sample(range(len(flat)), min(len(flat), rng.choice((1, 2, 50, len(flat)))))
    flat[chosen] = rng.choice(odd)
    np.save(target, found)


def headers(path: Path, rng: random.Random, command: str) -> None:
    """Headers that lie, are huge, of another version, or hold code."""
    target = an_array(path, rng)
    shape = rng.choice(
        ["(300,)", "(1 << 60,)", f"({2**62},)", "(-5,)", f"({2**40}, {2**40})", "'x'", "(3.5,)"]
    )
    descr = rng.choice(["'<i8'", "'<f4'", "'|O'", "[('a', '<i8')]", f"__import__('os').system({command!r})"])  # fmt: skip  # noqa: E501
    text = f"{{'descr': {descr}, 'fortran_order': {rng.choice(['False', 'True', '7'])}, 'shape': {shape}, }}"  # noqa: E501
    if rng.random() < 0.3:
        text = text.replace("{", "{" + "'x': " + rng.choice(["[" * 3000, "0" * 30_000]) + ", ", 1)
    if rng.random() < 0.3:
        text += " " * rng.choice((10_000, 60_000, 1_000_000))
    version = rng.choice((b"\x01\x00", b"\x02\x00", b"\x03\x00", b"\x07\x09"))
    data = (text + "\n").encode()
    size = len(data) % (1 << 16 if version == b"\x01\x00" else 1 << 32)
    n = size.to_bytes(2 if version == b"\x01\x00" else 4, "little")
    target.write_bytes(b"\x93NUMPY" + version + n + data + rng.randbytes(rng.choice((0, 99, 2400))))


def flipped_bytes(path: Path, rng: random.Random, _: str) -> None:
    """Bits flipped, pieces overwritten, and what was cut short."""
    target = a_file(path, rng)
    data = bytearray(target.read_bytes() if target.is_file() else b"")
    if not data:
        return
    if rng.random() < 0.3:
        target.write_bytes(data[: rng.randrange(len(data))])
        return
    reach = min(len(data), rng.choice((128, 1 << 30)))
    for _n in range(rng.choice((1, 4, 60))):
        data[rng.randrange(reach)] ^= 1 << rng.randrange(8)
    target.write_bytes(data)


def no_files(path: Path, rng: random.Random, _: str) -> None:
    """Where a file was is nothing, a folder, a link, a pipe."""
    target = a_file(path, rng)
    target.unlink(missing_ok=True)
    kind = rng.randrange(6)
    if kind == 0:
        target.mkdir()
    elif kind == 1:
        target.symlink_to(rng.choice([target.name, "nowhere", "/dev/zero", "/etc/passwd", "."]))
    elif kind == 2:
        os.mkfifo(target)
    elif kind == 3:
        target.touch()


ARRAYS: dict[str, Damage] = {
    "pickles": pickled,
    "arrays of objects": objects,
    "other types": other_types,
    "other shapes": other_shapes,
    "odd numbers": odd_numbers,
    "headers": headers,
}
"""Of `.npy` files."""
FILES: dict[str, Damage] = {"bytes": flipped_bytes, "no files": no_files}
"""Of any file."""

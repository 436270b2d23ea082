"""Hostile folders of phy opened: nothing but a sentence, nothing run, and nothing changed."""

from __future__ import annotations

import os
import pickle
import random
import resource
import shutil
import signal
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from phygui import Session, open_dataset
from phygui.errors import DatasetError
from tests.formats.phy.folders import make
from tests.torture.children import run

TOO_LONG = 15.0
"""Seconds after which opening counts as hanging."""
MOST_MEMORY = 4 << 30
"""Bytes of addresses that a child may have beyond what it starts with."""

Damage = Callable[[Path, random.Random, str], None]
"""Damages a folder; the text is a command that leaves a mark if anything runs it."""


class _Evil:
    """What a pickle may do when it is loaded."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (self.command,)


def _array(path: Path, rng: random.Random) -> Path:
    return rng.choice(sorted(path.glob("*.npy")))


def _table(path: Path, rng: random.Random) -> Path:
    there = sorted(path.glob("*.tsv"))
    return rng.choice([*there, path / "cluster_group.tsv", path / "cluster_note.tsv"])


def _pickled(path: Path, rng: random.Random, command: str) -> None:
    _array(path, rng).write_bytes(pickle.dumps(_Evil(command), protocol=rng.randrange(6)))


def _objects(path: Path, rng: random.Random, command: str) -> None:
    n = rng.choice((1, 300))
    np.save(_array(path, rng), np.array([_Evil(command)] * n, object), allow_pickle=True)


def _other_types(path: Path, rng: random.Random, _: str) -> None:
    target = _array(path, rng)
    there = np.load(target)
    kinds = ["U5", "S3", "c16", "?", "M8[s]", "V4", "f2", ">i8", ">f4", "i1", "u8"]
    kind = rng.choice(kinds)
    values = np.zeros(there.shape, kind) if kind[0] in "MVUS" else there.astype(kind)
    if rng.random() < 0.2:
        values = np.zeros(there.shape, [("a", "i4"), ("b", "O" if rng.random() < 0.3 else "f8")])
    np.save(target, values, allow_pickle=True)


def _other_shapes(path: Path, rng: random.Random, _: str) -> None:
    target = _array(path, rng)
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


def _odd_numbers(path: Path, rng: random.Random, _: str) -> None:
    target = _array(path, rng)
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


def _headers(path: Path, rng: random.Random, command: str) -> None:
    """Headers that lie, are huge, of another version, or hold code."""
    target = _array(path, rng)
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


def _bytes(path: Path, rng: random.Random, _: str) -> None:
    """Bits flipped, pieces overwritten, and what was cut short."""
    target = rng.choice([_array(path, rng), _table(path, rng), path / "params.py"])
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


def _no_files(path: Path, rng: random.Random, _: str) -> None:
    """Where a file was is nothing, a folder, a link, a pipe."""
    target = rng.choice([_array(path, rng), _table(path, rng), path / "params.py"])
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


def _params(path: Path, rng: random.Random, command: str) -> None:
    """Code and nonsense in `params.py`."""
    lines = (path / "params.py").read_text().splitlines()
    code = f"__import__('os').system({command!r})"
    names = ["sample_rate", "n_channels_dat", "offset", "dtype", "dat_path", "hp_filtered"]
    values = [
        code,
        f"[{code}]",
        f"f'{{{code}}}'",
        f"(lambda: {code})()",
        "nan",
        "1e999",
        "-1",
        "10**9",
        str(10**300),
        "'O'",
        "'V8'",
        "b'int16'",
        "'int16, int16'",
        "None",
        "{}",
        "['a'] * 5",
        "'/dev/zero'",
        "'../../../../etc/passwd'",
        "['recording.dat'] + ['x']",
        repr(["recording.dat"] * 3000),
        "'\\0'",
        "'a' 'b'",
        "-0.0",
        "True",
        "'" + "x" * 300_000 + "'",
        "-" * 5000 + "1",
        "(" * 4000 + "1" + ")" * 4000,
    ]
    more = [
        f"import os; os.system({command!r})",
        f"from os import system as s; s({command!r})",
        f"class A:\n    x = {code}",
        f"def f(x={code}): pass",
        f"@{code}\ndef f(): pass",
        "while True: pass",
        "\x00",
        "# coding: rot13",
        "# -*- coding: utf-7 -*-",
        "x = '" + "y" * (2 << 20) + "'",
        "\ufeff",
        "exec(open('params.py').read())",
    ]
    for _n in range(rng.choice((1, 1, 3))):
        if rng.random() < 0.7:
            lines.append(f"{rng.choice(names)} = {rng.choice(values)}")
        else:
            lines.insert(rng.randrange(len(lines) + 1), rng.choice(more))
    (path / "params.py").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _tables(path: Path, rng: random.Random, _: str) -> None:
    """Tabs, quotes, CRLF, other encodings, and far too much, in tables of clusters."""
    header = rng.choice(
        [
            "cluster_id\tgroup",
            "cluster_id\tnote",
            "cluster_id\t\t\t",
            "\tcluster_id\tgroup",
            "cluster_id\tcluster_id\tgroup",
            '"cluster_id"\t"group"',
            "cluster_id,group",
            "cluster_id",
            "group",
            "",
            "cluster_id\t" + "x" * 1_000_000,
            "cluster_id\t" + "\t".join(f"c{n}" for n in range(20_000)),
            "cluster_id\t../../x",
            "cluster_id\t\x1b[31m",
        ]
    )
    cells = [
        "1\tgood",
        "1\tgood\tmore\tstill more",
        '2\t"an open quote',
        '2\t"a ""quoted"" one"',
        "3",
        "",
        "\t",
        "-1\tgood",
        "1e400\tgood",
        "nan\tgood",
        "1.5\tgood",
        "0x1\tgood",
        "99999999999999999999\tgood",
        "1\t=cmd|' /C calc'!A0",
        "2\t" + "y" * 200_000,
        "1\tgo\x00od",
        "1\t\ud800",
        "４\tgood",
        " 1 \t  good  ",
        "4\t\u202egood",
    ]
    rows = [header, *(rng.choice(cells) for _n in range(rng.choice((0, 1, 3, 40))))]
    text = rng.choice(["\n", "\r\n", "\r", "\n\r"]).join(rows) + rng.choice(["", "\n", "\r\n"])
    encoding = rng.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1", "utf-7"])
    target = _table(path, rng)
    target = target.with_suffix(".csv") if rng.random() < 0.2 else target
    target.write_bytes(text.encode(encoding, "replace"))


def _records(path: Path, rng: random.Random, _: str) -> None:
    """The record of a save that somebody else has made."""
    text = rng.choice(
        [
            "[",
            "{}",
            '["../params.py"]',
            '["params.py"]',
            '["/etc/passwd"]',
            "[3]",
            "[" * 100_000,
            '["cluster_/../../x"]',
            "1" * 100_000,
            "\x00",
            '["' + "cluster_x" * 100_000 + '"]',
        ]
    )
    (path / ".phygui-save.json").write_text(text)


KINDS: dict[str, Damage] = {
    "pickles": _pickled,
    "arrays of objects": _objects,
    "other types": _other_types,
    "other shapes": _other_shapes,
    "odd numbers": _odd_numbers,
    "headers": _headers,
    "bytes": _bytes,
    "no files": _no_files,
    "params.py": _params,
    "tables": _tables,
    "records of saves": _records,
}


class PhyFolders:
    """Damages copies of folders, and opens these.

    Parameters
    ----------
    folder : Path
        Where to work.
    """

    def __init__(self, folder: Path) -> None:
        self.root = folder / "phy-folders"
        self.counts: Counter[str] = Counter()
        self._sources = [
            make(folder / f"phy-{like}-{n}", like, n_shanks=n).path
            for like in ("kilosort2", "kilosort4", "spikeinterface")
            for n in (1, 2)
        ]

    def run(self, n_folders: int, seed: int = 0) -> None:
        """Open so many damaged folders."""
        for number in range(n_folders):
            self._try(number, seed)

    def _try(self, number: int, seed: int) -> None:
        rng = random.Random(f"{seed} {number}")
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.mkdir(parents=True)
        path = self.root / "sorted"
        shutil.copytree(rng.choice(self._sources), path)
        mark = self.root.parent / "was-run"
        first = list(KINDS)[number % len(KINDS)]
        chosen = [first, *rng.choices(list(KINDS), k=rng.choice((0, 0, 1, 2)))]
        # What is no file any more comes last: a pipe would keep whoever damages it.
        for kind in sorted(chosen, key=lambda kind: KINDS[kind] is _no_files):
            try:
                KINDS[kind](path, rng, f"touch {mark}")
            except (OSError, ValueError, TypeError, OverflowError):
                # What was damaged before cannot be damaged in every way again.
                continue
        before = _contents(self.root)
        case = f"{', '.join(chosen)}, seed {seed}, number {number}"
        end = run(lambda pipe: _open(path, pipe), TOO_LONG)
        if end.by or end.too_slow or mark.exists():
            kept = self.root.parent / f"failed-{number}"
            shutil.copytree(self.root, kept, symlinks=True, dirs_exist_ok=True)
            ended = "it hung" if end.too_slow else f"signal {signal.Signals(end.by).name}"
            raise AssertionError(f"{case}: {'run' if mark.exists() else ended}; see {kept}")
        assert _contents(self.root) == before, f"{case}: something was changed"
        assert end.text in ("opened", "refused"), f"{case}: {end.text}"
        self.counts[f"{first}: {end.text}"] += 1


def _contents(root: Path) -> dict[str, object]:
    """All files and folders, links and pipes below a folder, as far as they can be compared."""
    found: dict[str, object] = {}
    for path in sorted(root.rglob("*")):
        if path.is_symlink():
            found[str(path)] = os.readlink(path)
        else:
            found[str(path)] = path.read_bytes() if path.is_file() else path.lstat().st_mode
    return found


def _open(path: Path, pipe: int) -> None:
    """What a window does first: open, and look at all there is."""
    warnings.simplefilter("ignore")
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + MOST_MEMORY, size + MOST_MEMORY))
    try:
        dataset = open_dataset(path)
        dataset.describe()
        for group in dataset.channel_groups:
            if group in dataset.incomplete:
                continue
            shank = dataset.open(group)
            some = np.unique(np.linspace(0, shank.n_spikes - 1, 20).astype(np.int64))
            for name in dataset.clusterings.names(group):
                dataset.clusterings.read((group, name))
            if shank.features is not None:
                shank.features.read(some)
            if shank.waveforms is not None:
                shank.waveforms[some]
            for template in list(shank.templates or ())[:3]:
                assert shank.templates is not None
                shank.templates[template]
            for attribute in shank.attributes.values():
                attribute.read(some)
            shank.close()
        with Session.open(path, read_only=True) as session:
            for cluster_id in session.cluster_ids[:3].tolist():
                session.group_of(cluster_id)
            session.unsaved_edits  # noqa: B018
    except DatasetError as error:
        text = str(error)
        is_sentence = bool(text) and "\n" not in text and text.endswith(".")
        os.write(pipe, b"refused" if is_sentence else f"no sentence: {text!r}"[:500].encode())
    else:
        os.write(pipe, b"opened")

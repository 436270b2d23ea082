"""Folders of phy and of Kilosort, and what is wrong only with these."""

from __future__ import annotations

import random
from pathlib import Path

from tests.formats.phy.folders import make
from tests.torture.damages import ARRAYS, FILES, Damage


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
    target = rng.choice(
        [*sorted(path.glob("*.tsv")), path / "cluster_group.tsv", path / "cluster_note.tsv"]
    )
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
    **ARRAYS,
    **FILES,
    "params.py": _params,
    "tables": _tables,
    "records of saves": _records,
}


def sources(folder: Path) -> list[Path]:
    """Sound ones, of every generation."""
    return [
        make(folder / f"phy-{like}-{n}", like, n_shanks=n).path
        for like in ("kilosort2", "kilosort4", "spikeinterface")
        for n in (1, 2)
    ]

"""Analyzers of SpikeInterface, and what is wrong only with these."""

from __future__ import annotations

import json
import pickle
import random
from pathlib import Path
from typing import Any

from tests.formats.spikeinterface.analyzers import ALL, PLAIN, as_zarr, make
from tests.torture.damages import ARRAYS, FILES, Damage, Evil

_ODD: list[Any] = [None, True, -1, 2**70, 1e308, float("nan"), "", "x" * 100_000, [], {}, [[]]]


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Each container in a JSON document, with each of its keys."""
    found: list[tuple[Any, Any]] = []
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            found += [(value, key), *_places(value[key])]
    return found


def _documents(path: Path, rng: random.Random, command: str) -> None:
    """Other values in the JSON documents, classes and modules that are not SpikeInterface's."""
    there = [p for p in path.rglob("*") if p.suffix == ".json" or p.name in (".zarray", ".zattrs")]
    target = rng.choice(sorted(there))
    document = json.loads(target.read_text())
    places = _places(document)
    evil = [
        {"class": "os.system", "module": "os", "kwargs": {"command": command}, "version": "0"},
        {"class": "subprocess.getoutput", "module": "subprocess", "kwargs": {"cmd": command}},
        "os.system",
        f"__import__('os').system({command!r})",
        "../../../../etc/passwd",
        "/dev/zero",
    ]
    for _n in range(rng.choice((1, 1, 3))):
        if not places or rng.random() < 0.1:
            document = rng.choice([*_ODD, *evil])
            break
        container, key = rng.choice(places)
        if rng.random() < 0.2 and isinstance(container, dict):
            container.pop(key, None)
        elif isinstance(container, list) and key >= len(container):
            container.append(rng.choice(_ODD))
        else:
            container[key] = rng.choice([*_ODD, *evil])
    text = json.dumps(document)
    if rng.random() < 0.1:
        text = rng.choice(["[" * 100_000, text[:-1], text * 2, "\ufeff" + text, "\x00"])
    target.write_text(text)


def _models(path: Path, rng: random.Random, command: str) -> None:
    """Pickles where SpikeInterface keeps pickles, and where it does not."""
    folders = sorted({p.parent for p in path.rglob("*") if p.is_file()})
    found = sorted(path.rglob("*.pkl"))
    names = ("recording.pickle", "sorting.pickle", "provenance.pkl", "params.pkl", "0")
    for _n in range(3):
        target = rng.choice([*found, rng.choice(folders) / rng.choice(names)])
        target.write_bytes(pickle.dumps(Evil(command)))


KINDS: dict[str, Damage] = {**ARRAYS, **FILES, "documents": _documents, "pickled models": _models}


def sources(folder: Path) -> list[Path]:
    """Sound ones, in both formats."""
    whole = make(folder / "analyzer-all", ALL)
    plain = make(folder / "analyzer-plain", PLAIN, n_shanks=2)
    return [whole, as_zarr(whole), plain, as_zarr(plain)]

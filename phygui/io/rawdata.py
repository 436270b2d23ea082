"""Finding and opening the raw data of a dataset, and remembering where the user said it is."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from phygui.io.errors import KwikError
from phygui.io.hdf5 import check_regular_file, open_hdf5
from phygui.io.layouts import open_store
from phygui.io.stores import ContiguousStore, Store
from phygui.io.traces import Traces

Warn = Callable[[str], None]


@dataclass(frozen=True)
class Source:
    """Where the samples of one recording are: a flat file, or a dataset of an HDF5 file."""

    path: Path
    dataset: str | None = None


def stem_of(kwik_path: Path) -> str:
    """The name that the files of one dataset share."""
    return kwik_path.name.removesuffix(".kwik")


def find_sources(
    kwik_path: Path, recordings: dict[int, dict[str, Any]]
) -> tuple[list[Source] | None, str]:
    """The raw data of each recording, or None, and the name of the first that was looked for.

    Looked up in this order: the path in the file, relative to the ``.kwik``; its base name
    beside the ``.kwik``; ``NAME.raw.kwd``; ``NAME.dat``. A path that leads out of the dataset's
    folder is never followed: the user may point there.
    """
    folder, stem = kwik_path.parent, stem_of(kwik_path)
    recordings = recordings or {0: {}}
    sources = []
    for number, attributes in recordings.items():
        names = _names(attributes, number, stem)
        if len(recordings) == 1:
            names.append((f"{stem}.dat", None))  # which cannot be all of several recordings
        for name, inner in names:
            path = _inside(folder, name)
            if path is not None and os.path.isfile(path):
                sources.append(Source(path, inner))
                break
        else:
            return None, names[0][0]
    return sources, ""


def _names(attributes: dict[str, Any], number: int, stem: str) -> list[tuple[str, str | None]]:
    """File names to try for a recording, each with the dataset to look up inside."""
    beside = (f"{stem}.raw.kwd", f"/recordings/{number}/data")
    names: list[tuple[str, str | None]] = []
    told = attributes.get("hdf5_path")
    if isinstance(told, str) and told:
        name, inner = told.replace("{raw.kwd}", beside[0]), beside[1]
        before, mark, after = name.partition(".kwd/")
        if mark:
            name, inner = f"{before}.kwd", f"/{after.strip('/')}/data"
        names += [(name, inner), (_base(name), inner)]
    told = attributes.get("dat_path")
    if isinstance(told, str) and told:
        names += [(told, None), (_base(told), None)]
    return [*names, beside]


def _base(name: str) -> str:
    """The last part of a path written on any system."""
    return name.replace("\\", "/").rsplit("/", 1)[-1]


def _inside(folder: Path, name: str) -> Path | None:
    """The path of a name relative to a folder, unless it leads out of it."""
    if "\0" in name or not name:
        return None
    root = os.path.abspath(folder)
    path = os.path.normpath(os.path.join(root, name))
    return Path(path) if path.startswith(os.path.join(root, "")) else None


def sources_at(paths: list[Path], recordings: dict[int, dict[str, Any]]) -> list[Source]:
    """The raw data where the user pointed: a ``.kwd``, a folder, or one flat file a recording.

    Raises
    ------
    KwikError
        If that cannot be the raw data of these recordings.
    """
    recordings = recordings or {0: {}}
    if len(paths) == 1 and paths[0].is_dir():
        found = []
        for number, attributes in recordings.items():
            for name, inner in _names(attributes, number, "*"):
                path = paths[0] / _base(name)
                if "*" not in name and path.is_file():
                    found.append(Source(path, inner))
                    break
            else:
                told = attributes.get("dat_path") or attributes.get("hdf5_path")
                raise KwikError(
                    f"{paths[0]} holds no raw data of recording {number}"
                    f"{f', expected {_base(told)}' if isinstance(told, str) else ''}."
                )
        return found
    for path in paths:
        check_regular_file(path)
    import h5py

    if len(paths) == 1 and h5py.is_hdf5(paths[0]):
        return [Source(paths[0], f"/recordings/{number}/data") for number in recordings]
    if len(paths) != len(recordings):
        raise KwikError(
            f"{paths[0]} is one flat file, but there are {len(recordings)} recordings; "
            "expected one file a recording, or the folder they are in."
        )
    return [Source(path) for path in paths]


def open_traces(
    sources: list[Source], dtype: np.dtype, n_channels: int | None, warn: Warn
) -> Traces:
    """All recordings as one array, read-only.

    Raises
    ------
    KwikError
        If one is missing or damaged, or they do not fit one another.
    """
    stores: list[Store] = []
    try:
        for source in sources:
            if source.dataset is None:
                stores.append(_open_flat(source.path, dtype, n_channels, warn))
            else:
                stores.append(_open_kwd(source.path, source.dataset))
            first, last = stores[0], stores[-1]
            if first.shape[1] != last.shape[1] or first.dtype != last.dtype:
                raise KwikError(
                    f"{source.path} has {last.shape[1]} channels of {last.dtype}, expected "
                    f"{first.shape[1]} of {first.dtype}, as in {sources[0].path}."
                )
    except KwikError:
        for store in stores:
            store.close()
        raise
    traces = Traces(stores)
    if n_channels is not None and traces.shape[1] != n_channels:
        warn(
            f"{sources[0].path} has {traces.shape[1]} channels and the metadata says "
            f"{n_channels}; the former is taken."
        )
    return traces


def _open_flat(path: Path, dtype: np.dtype, n_channels: int | None, warn: Warn) -> Store:
    size = check_regular_file(path).st_size
    if n_channels is None:
        raise KwikError(
            f"{path} cannot be read, since the metadata does not say how many channels it has."
        )
    n_samples, rest = divmod(size, n_channels * dtype.itemsize)
    if rest:
        warn(
            f"{path} holds {size} bytes, which is no multiple of {n_channels} channels of "
            f"{dtype}; its last {rest} bytes are left out."
        )
    if not n_samples:
        raise KwikError(
            f"{path} holds {size} bytes, expected at least one sample of {n_channels} channels."
        )
    return ContiguousStore(path, 0, (n_samples, n_channels), dtype)


def _open_kwd(path: Path, dataset: str) -> Store:
    with open_hdf5(path) as file:
        store = open_store(file, dataset, 2)
        if store is None:
            raise KwikError(f"{path}: {dataset} is missing, expected the samples of a recording.")
        if store.shape[1] == 0:
            raise KwikError(f"{path}: {dataset} has no channels.")
        return store


# -- where the user said it is ---------------------------------------------------------------


def locations_file() -> Path:
    """The file, in the user's configuration, that remembers where data was found."""
    import platformdirs

    return Path(platformdirs.user_config_dir("phygui", appauthor=False)) / "locations.json"


def _all_locations() -> dict[str, Any]:
    try:
        found = json.loads(locations_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def remembered(kwik_path: Path, what: str) -> list[Path]:
    """Where the user said that the ``traces`` or ``features`` of a dataset are."""
    of_dataset = _all_locations().get(str(kwik_path.resolve()), {})
    paths = of_dataset.get(what, []) if isinstance(of_dataset, dict) else []
    if not isinstance(paths, list):
        return []
    found = [Path(path) for path in paths if isinstance(path, str)]
    return found if all(map(os.path.exists, found)) else []


def remember(kwik_path: Path, what: str, paths: list[Path]) -> None:
    """Remember where data is, for this user and this dataset; an empty list forgets it."""
    locations, key = _all_locations(), str(kwik_path.resolve())
    if not isinstance(locations.get(key), dict):
        locations[key] = {}
    of_dataset = locations[key]
    if paths:
        of_dataset[what] = [str(path.resolve()) for path in paths]
    else:
        of_dataset.pop(what, None)
    path = locations_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(locations, indent=1, ensure_ascii=False), encoding="utf-8")
    os.replace(temporary, path)

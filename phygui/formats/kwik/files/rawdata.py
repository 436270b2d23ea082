"""Finding the raw data of a dataset."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from phygui.dataset.absent import Absent
from phygui.errors import DatasetError
from phygui.formats.kwik.files.recorded import NothingThereError, Recorded, Source, close_all
from phygui.storage.files import check_regular_file

Opener = Callable[[Source], Recorded]
Recordings = dict[int, dict[str, Any]]

_KWD = re.compile(r"(.*\.kwd)(?:/(.*))?", re.IGNORECASE | re.DOTALL)


def stem_of(kwik_path: Path) -> str:
    """The name that the files of one dataset share."""
    return kwik_path.name.removesuffix(".kwik")


# -- finding ---------------------------------------------------------------------------------


def find(
    kwik_path: Path, recordings: Recordings, opener: Opener, warn: Callable[[str], None]
) -> list[Recorded] | Absent:
    """The raw data of each recording, or why it is not there.

    Looked up in this order: the path in the file, relative to the ``.kwik``; its base name
    beside the ``.kwik``; ``NAME.raw.kwd``; a ``NAME_100.raw.kwd`` of Open Ephys; ``NAME.dat``. What
    holds no samples counts as missing. A path that leads out of the dataset's folder is never
    followed, nor looked at: the user may point there.

    Raises
    ------
    DatasetError
        If a file that is there cannot be read.
    """
    return _Search(kwik_path.parent, stem_of(kwik_path), recordings or {0: {}}, opener, warn).run()


class _Search:
    """The search for the raw data of all recordings in one folder."""

    def __init__(
        self,
        folder: Path,
        stem: str,
        recordings: Recordings,
        opener: Opener,
        warn: Callable[[str], None],
    ) -> None:
        self._folder, self._stem, self._recordings = folder, stem, recordings
        self._opener, self._warn = opener, warn
        self._passed: list[str] = []

    def run(self) -> list[Recorded] | Absent:
        found: list[Recorded] = []
        looked_for, elsewhere, n_missing = "", [], 0
        try:
            for number, attributes in self._recordings.items():
                recorded = self._recording(number, attributes)
                if recorded is not None:
                    found.append(recorded)
                    elsewhere.append(recorded.source.path)
                    continue
                if not n_missing:
                    looked_for = next(self._names(number, attributes))[0]
                n_missing += 1
                elsewhere += _outside(self._folder, attributes, self._stem)[:1]
        except BaseException:
            close_all(found)
            raise
        if not n_missing and any(recorded.n_samples for recorded in found):
            return found
        close_all(found)
        if not n_missing:
            return Absent(found[0].source.path.name, found[0].emptiness)
        complete = len(elsewhere) == len(self._recordings)
        if len(set(elsewhere)) == 1:
            elsewhere = elsewhere[:1]  # a .kwd that holds all recordings
        reason = self._passed[0] if self._passed else ""
        return Absent(looked_for, reason, tuple(elsewhere) if complete else ())

    def _recording(self, number: int, attributes: dict[str, Any]) -> Recorded | None:
        """What the first place holds that has samples, else an empty recording, else None."""
        empty, passed = None, []
        for source in self._sources(number, attributes):
            try:
                recorded = self._opener(source)
            except NothingThereError as nothing:
                passed.append(str(nothing))
                continue
            if not recorded.n_samples:
                empty = empty or recorded
                passed.append(recorded.emptiness)
                continue
            if passed and not self._passed:
                self._warn(f"{passed[0]} {recorded.source} is read instead.")
            self._passed += passed
            return recorded
        self._passed += passed
        return empty

    def _sources(self, number: int, attributes: dict[str, Any]) -> Iterator[Source]:
        """Files that are there, in the order in which they are tried."""
        tried = set()
        for name, dataset in self._names(number, attributes):
            path = _inside(self._folder, name)
            if path is None or (path, dataset) in tried or not os.path.isfile(path):
                continue
            tried.add((path, dataset))
            yield Source(path, dataset)

    def _names(self, number: int, attributes: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
        """File names to try for a recording, each with the dataset to look up inside."""
        usual = f"/recordings/{number}/data"
        beside = [usual]
        for name, dataset in _told(attributes, self._stem):
            datasets: list[str | None] = [None]
            if dataset is not None:
                datasets = [dataset or usual, usual]
                beside.insert(0, dataset or usual)
            for inner in datasets:
                for each in (name, name.replace("\\", "/"), _base(name)):
                    yield each, inner
        for inner in beside:
            yield f"{self._stem}.raw.kwd", inner
        for name in self._like_open_ephys:
            if self._is_of_open_ephys(self._folder / name, usual):
                yield name, usual
        if len(self._recordings) == 1:
            yield f"{self._stem}.dat", None  # which cannot be all of several recordings

    @cached_property
    def _like_open_ephys(self) -> list[str]:
        """The name of ``experiment1_100.raw.kwd`` for ``experiment1``, if there is one."""
        pattern = re.compile(rf"{re.escape(self._stem)}_\d+\.raw\.kwd")
        try:
            names = sorted(n for n in os.listdir(self._folder) if pattern.fullmatch(n))
        except OSError:
            return []
        # Another dataset's own raw data looks the same, but has its .kwik beside it.
        names = [
            n for n in names if not (self._folder / f"{n.removesuffix('.raw.kwd')}.kwik").exists()
        ]
        if len(names) > 1:
            self._passed.append(
                f"{', '.join(names)} in {self._folder} could each be the raw data, expected one."
            )
            return []
        return names

    def _is_of_open_ephys(self, path: Path, dataset: str) -> bool:
        try:
            recorded = self._opener(Source(path, dataset))
        except DatasetError:
            return False
        close_all([recorded])
        return recorded.gains is not None


def _told(attributes: dict[str, Any], stem: str) -> Iterator[tuple[str, str | None]]:
    """Names of files that the ``.kwik`` says, and the place inside; None for a flat file.

    ``{raw.kwd}/recordings/0`` and ``{raw.kwd}/recordings/0/data`` are the same place.
    """
    paths = attributes.get("hdf5_paths")
    names = [attributes.get("hdf5_path"), *(paths if isinstance(paths, list) else ())]
    for told, is_flat in (*((name, False) for name in names), (attributes.get("dat_path"), True)):
        if not isinstance(told, str) or not told:
            continue
        name = told.replace("{raw.kwd}", f"{stem}.raw.kwd")
        found = _KWD.fullmatch(name.replace("\\", "/"))
        if found is not None:
            inner = (found.group(2) or "").strip("/")
            yield name[: found.end(1)], f"/{inner}" if inner else ""
        else:
            yield name, None if is_flat else ""


def _base(name: str) -> str:
    """The last part of a path written on any system."""
    return name.replace("\\", "/").rsplit("/", 1)[-1]


def _inside(folder: Path, name: str) -> Path | None:
    """The path of a name relative to a folder, unless it leads out of it."""
    path = _joined(folder, name)
    inside = path is not None and str(path).startswith(os.path.join(os.path.abspath(folder), ""))
    return path if inside else None


def _joined(folder: Path, name: str) -> Path | None:
    if "\0" in name or not name:
        return None
    return Path(os.path.normpath(os.path.join(os.path.abspath(folder), name)))


def _outside(folder: Path, attributes: dict[str, Any], stem: str) -> list[Path]:
    """What a recording names outside the folder of the dataset."""
    paths = [_joined(folder, name) for name, _ in _told(attributes, stem)]
    return [p for p in paths if p is not None and _inside(folder, str(p)) is None]


# -- where the user points -------------------------------------------------------------------


def recordings_at(
    paths: list[Path],
    kwik_path: Path,
    recordings: Recordings,
    opener: Opener,
    warn: Callable[[str], None],
) -> list[Recorded]:
    """The raw data where the user pointed: a ``.kwd``, a folder, or one file per recording.

    Raises
    ------
    DatasetError
        If that cannot be the raw data of these recordings.
    """
    recordings, stem = recordings or {0: {}}, stem_of(kwik_path)
    if len(paths) == 1 and paths[0].is_dir():
        found = _Search(paths[0], stem, recordings, opener, warn).run()
        if isinstance(found, Absent):
            raise DatasetError(found.reason or _nothing_in(paths[0], stem, recordings))
        return found
    import h5py

    for path in paths:
        check_regular_file(path)
    kinds = [h5py.is_hdf5(path) for path in paths]
    if len(paths) == 1 and kinds[0]:
        paths, kinds = paths * len(recordings), kinds * len(recordings)
    if len(paths) != len(recordings):
        raise DatasetError(
            f"{paths[0]} is one flat file, but there are {len(recordings)} recordings; "
            "expected one file per recording, or the folder they are in."
        )
    opened: list[Recorded] = []
    try:
        for path, is_kwd, (number, attributes) in zip(
            paths, kinds, recordings.items(), strict=True
        ):
            usual = f"/recordings/{number}/data"
            places = [d for _, d in _told(attributes, stem) if d] if is_kwd else []
            opened.append(_open_first(path, [*places, usual] if is_kwd else [None], opener))
    except BaseException:
        close_all(opened)
        raise
    return opened


def _open_first(path: Path, datasets: list[str | None], opener: Opener) -> Recorded:
    """The first of some places in a file that is there; the last one's error if none is."""
    for dataset in datasets[:-1]:
        try:
            return opener(Source(path, dataset))
        except NothingThereError:
            continue
    return opener(Source(path, datasets[-1]))


def _nothing_in(folder: Path, stem: str, recordings: Recordings) -> str:
    number, attributes = next(iter(recordings.items()))
    expected = [_base(name) for name, _ in _told(attributes, stem)]
    text = f", expected {expected[0]}" if expected else ""
    return f"{folder} holds no raw data of recording {number}{text}."

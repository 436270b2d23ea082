"""What was found out about pairs and parts of clusters, kept beside the dataset.

A cluster is known by a fingerprint of its spikes, as in the file of statistics. None of this is
needed: what cannot be read, or is of other data, is looked for again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import MergeScore, SplitScore
from phygui.analysis.units.merging import Coincidences
from phygui.storage.state.prepared import PreparedPlaces
from phygui.storage.state.records import Record, RecordError, decode, encode
from phygui.storage.state.state_files import make_folder, read_whole, write_whole

log = logging.getLogger(__name__)

VERSION = 10
"""To be raised whenever pairs or parts are judged differently."""
LARGEST = 1 << 27
"""Bytes that the file may have."""

Prints = tuple[str, ...]
"""Clusters by the fingerprints of their spikes."""


@dataclass(frozen=True)
class Kept:
    """What is known of clusters by the fingerprints of their spikes."""

    reach: Mapping[str, float] = field(default_factory=dict)
    """Of each cluster that has been paired, the similarity of its last candidate."""
    scores: Mapping[Prints, MergeScore] = field(default_factory=dict)
    """Of pairs."""
    joins: Mapping[tuple[Prints, Prints], MergeScore] = field(default_factory=dict)
    """Of what pairs would join after better ones."""
    parts: Mapping[str, tuple[NDArray[np.int64], SplitScore] | None] = field(default_factory=dict)
    """Of each cluster that was looked at, the part of each spike; None where it is one unit."""

    @property
    def size(self) -> int:
        """How much it is."""
        told = sum(score.isolation is not None for score in self.scores.values())
        return len(self.reach) + len(self.scores) + len(self.joins) + len(self.parts) + told

    def __or__(self, other: Kept) -> Kept:
        """What this or the other tells; of a pair, what says more."""
        scores = {**self.scores, **other.scores}
        for pair, score in self.scores.items():
            if scores[pair].isolation is None:
                scores[pair] = score
        return Kept(
            {**self.reach, **other.reach},
            scores,
            {**self.joins, **other.joins},
            {**self.parts, **other.parts},
        )


class SuggestionsFile:
    """The file of one channel group.

    Parameters
    ----------
    folder : Path
        The state folder of the dataset.
    channel_group : int
    data : callable
        Returns a fingerprint of the data that all is computed from; it reads some of them.
    places : PreparedPlaces, optional
        Where what was found out ahead of all sessions is, in pieces; by default beside the file.
    """

    def __init__(
        self,
        folder: Path,
        channel_group: int,
        data: Callable[[], str],
        places: PreparedPlaces | None = None,
    ) -> None:
        self.path = folder / f"suggestions-{channel_group}.bin"
        self._data = data
        self._places = PreparedPlaces(folder, data) if places is None else places

    def read(self) -> Kept:
        """What is known from before this session; nothing where that is of no use."""
        found = self._read_one(self.path)
        for path in self._places.pieces(self.path.stem, ".bin"):
            found = self._read_one(path) | found
        return found

    def _read_one(self, path: Path) -> Kept:
        try:
            record, _ = decode(read_whole(path, LARGEST))
            if record.text["version"] != VERSION or record.text["data"] != self._data():
                return Kept()
            return _kept(record)
        except (FileNotFoundError, NotADirectoryError):
            return Kept()
        except (OSError, RecordError, KeyError, TypeError, ValueError, IndexError) as error:
            log.warning("%s is not used: %s", path, error)
            return Kept()

    def write_piece(self, kept: Kept) -> Path:
        """Keep what was found out ahead of all sessions as a piece, named by what it is about.

        Raises
        ------
        OSError
            If it cannot be written; then nothing is there.
        """
        record = _record(kept, self._data())
        told = [VERSION, self._data(), sorted(kept.reach), sorted(kept.scores), sorted(kept.joins)]
        told += [sorted(kept.parts), kept.size]
        name = hashlib.blake2b(json.dumps(told).encode(), digest_size=16).hexdigest()
        return self._places.write(self.path.stem, ".bin", name, encode(record))

    def write(self, kept: Kept) -> None:
        """Keep what was found out, for later sessions."""
        try:
            make_folder(self.path.parent)
            write_whole(self.path, encode(_record(kept, self._data())), lasts=False)
        except OSError as error:
            log.warning("%s could not be written: %s", self.path, error)


def _record(kept: Kept, data: str) -> Record:
    found = {key: parts for key, parts in kept.parts.items() if parts is not None}
    text = {
        "version": VERSION,
        "data": data,
        "reach": dict(kept.reach),
        "scores": [[list(pair), _plain(score)] for pair, score in kept.scores.items()],
        "joins": [[list(map(list, join)), _plain(score)] for join, score in kept.joins.items()],
        "whole": [key for key, parts in kept.parts.items() if parts is None],
        "parts": [[key, _plain(score)] for key, (_, score) in found.items()],
    }
    return Record(text, {f"labels {n}": labels for n, (labels, _) in enumerate(found.values())})


def _kept(record: Record) -> Kept:
    text = record.text
    parts: dict[str, tuple[NDArray[np.int64], SplitScore] | None] = {
        str(key): None for key in text["whole"]
    }
    for n, (key, score) in enumerate(text["parts"]):
        parts[str(key)] = (np.asarray(record.arrays[f"labels {n}"], np.int64), _split(score))
    return Kept(
        {str(key): float(value) for key, value in text["reach"].items()},
        {(str(a), str(b)): _merge(score) for (a, b), score in text["scores"]},
        {(_prints(a), _prints(b)): _merge(score) for (a, b), score in text["joins"]},
        parts,
    )


def _prints(keys: list[Any]) -> Prints:
    return tuple(map(str, keys))


def _plain(value: Any) -> Any:
    """Numbers as JSON has them: what is not finite is null."""
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def _numbers(values: Any) -> tuple[float, ...]:
    return tuple(map(_number, values))


def _two(values: Any) -> tuple[float, float] | None:
    if values is None:
        return None
    first, second = _numbers(values)
    return first, second


def _coincidences(values: Any) -> Coincidences:
    found, expected = values
    return Coincidences(int(found), float(expected))


def _merge(values: Any) -> MergeScore:
    *evidence, together, violations, isolation, overlap, n_doubles, ratio = values
    score, similarity, refractoriness, continuity = _numbers(evidence)
    counted = _coincidences(together)
    told = counted, _two(violations), _two(isolation), float(overlap), int(n_doubles), float(ratio)
    return MergeScore(score, similarity, refractoriness, continuity, *told)


def _split(values: Any) -> SplitScore:
    score, n_spikes, distance, together, violations = values
    sizes = tuple(map(int, n_spikes))
    return SplitScore(
        float(score), sizes, _number(distance), _coincidences(together), _numbers(violations)
    )

"""One dataset in a line: what a list says of it, read without opening it in full."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

from phygui.archive.finding import supports
from phygui.archive.pictures import Curve, curves, preview_of, prints_of
from phygui.archive.suggested import n_suggested
from phygui.curation.durability.adoption import unsaved_in
from phygui.curation.statistics.cache import Basis, data_print, versions_of
from phygui.curation.statistics.kept import KeptStatistics
from phygui.dataset import ClusteringState, Dataset, Outlined, format_of, formats
from phygui.dataset.groups import GOOD, GROUP_NAMES, UNSORTED
from phygui.dataset.protocol import Outline
from phygui.errors import DatasetError
from phygui.storage.state.backups import backup_heads
from phygui.storage.state.prepared import PreparedPlaces, folders_there
from phygui.storage.state.state_folder import find_place, user_name

_SAVING = timedelta(minutes=10)
"""Between the moment that a saved state is kept and the one at which the files hold it, at most."""


@dataclass(frozen=True)
class Overview:
    """What is known of one dataset.

    Attributes
    ----------
    format_name : str
        Empty where it could not be read.
    duration : float, optional
        Recorded time, seconds.
    recorded : str
        When it was recorded, in ISO 8601; empty where the files do not say.
    probe : str
        Name of the probe; empty where the files do not say.
    n_channels, n_spikes : int, optional
        Of all shanks.
    shanks : tuple of int
        Those that have clusters.
    clusterings : tuple of str
        Those that may be edited, the usual one first.
    groups : mapping of str to int
        Clusters of the usual clustering in each group, by its name.
    n_suggestions : int, optional
        Suggestions that nobody has decided about; None where none were looked for.
    prepared : float, optional
        Share of the clusters whose statistics and metrics are kept, as they are computed now and of
        the data as they are: 1 where all columns are filled at once.
    has_unsaved : bool
        Whether an earlier session has left edits that are not saved.
    saved, saved_by : str
        When its clusters were last written, in ISO 8601, and by whom.
    curves : tuple
        Mean waveforms for a small picture; see :mod:`phygui.archive.pictures`.
    data : tuple of str
        Fingerprints of the data of its shanks, where they were asked for: by these a preparation is
        found that lies elsewhere. Empty texts where the data cannot be read.
    problem : str
        Why it cannot be read, in one sentence; empty if it can.
    """

    format_name: str = ""
    duration: float | None = None
    recorded: str = ""
    probe: str = ""
    n_channels: int | None = None
    n_spikes: int | None = None
    shanks: tuple[int, ...] = ()
    clusterings: tuple[str, ...] = ()
    groups: Mapping[str, int] = field(default_factory=dict)
    n_suggestions: int | None = None
    prepared: float | None = None
    has_unsaved: bool = False
    saved: str = ""
    saved_by: str = ""
    curves: tuple[Curve, ...] = ()
    data: tuple[str, ...] = ()
    problem: str = ""

    @property
    def n_clusters(self) -> int:
        """Number of clusters of all shanks."""
        return sum(self.groups.values())

    @property
    def n_decided(self) -> int:
        """How many of them are in another group than Unsorted."""
        return self.n_clusters - self.groups.get(GROUP_NAMES[UNSORTED], 0)

    @property
    def n_good(self) -> int:
        """How many of them are in the group Good."""
        return self.groups.get(GROUP_NAMES[GOOD], 0)

    @property
    def is_decided(self) -> bool:
        """Whether nothing is left to decide; what cannot be read is."""
        return self.n_decided == self.n_clusters

    def as_json(self) -> dict[str, Any]:
        """It as JSON has it, without what is as by default."""
        default = Overview()
        found = asdict(self)
        return {name: value for name, value in found.items() if value != getattr(default, name)}

    @classmethod
    def of_json(cls, told: Any) -> Overview:
        """What :meth:`as_json` gave.

        Raises
        ------
        ValueError, TypeError, KeyError
            If it is anything else.
        """
        known = {each.name for each in fields(cls)}
        if not isinstance(told, dict) or not known.issuperset(told):
            raise ValueError("it is no overview")
        try:
            made = {name: _READ.get(name, _text)(value) for name, value in told.items()}
        except OverflowError as error:
            # A whole number of JSON may have more digits than any other number holds.
            raise ValueError(str(error)) from error
        return cls(**made)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _flag(value: Any) -> bool:
    return value is True


def _curves(value: Any) -> tuple[Curve, ...]:
    return tuple((str(group), tuple(map(int, a)), tuple(map(int, b))) for group, a, b in value)


_READ: Mapping[str, Any] = {
    "duration": float,
    "n_channels": int,
    "n_spikes": int,
    "n_suggestions": int,
    "shanks": lambda value: tuple(map(int, value)),
    "clusterings": lambda value: tuple(map(_text, value)),
    "groups": lambda value: {_text(name): int(n) for name, n in value.items()},
    "prepared": float,
    "has_unsaved": _flag,
    "curves": _curves,
    "data": lambda value: tuple(map(_text, value)),
}


def overview(path: str | os.PathLike[str]) -> Overview:
    """What a list says of a dataset of whichever format.

    Its clusters are read, and neither features nor raw data; nothing is locked. A format whose
    datasets are :class:`~phygui.dataset.Outlined` tells the rest in little time; of others the
    first shank is opened. Where statistics are kept, shanks are opened for the few samples of their
    data that tell whether the statistics are theirs.

    Parameters
    ----------
    path : path
        Its file or folder.

    Raises
    ------
    DatasetError
        If it is of no known format, or cannot be read.
    """
    place = Path(path).expanduser().absolute()
    # The list of formats is looked up once: a thousand datasets are read after one another.
    known = next((of for of in formats() if supports(of, place)), None) or format_of(place)
    try:
        dataset = known.open(place)
        found = _of_clusters(dataset)
        outline = _outline(dataset)
    except OSError as error:
        raise DatasetError(f"{place} cannot be read: {error.strerror or error}.") from error
    return replace(
        found,
        format_name=known.name,
        duration=_finite(outline.duration),
        n_channels=outline.n_channels,
        probe=outline.probe,
        recorded="" if outline.recorded is None else outline.recorded.isoformat(),
    )


def usual_keys(dataset: Dataset) -> dict[int, list[str]]:
    """The clusterings of each shank that may be edited, the usual one first.

    Raises
    ------
    DatasetError
        If there is none.
    """
    store = dataset.clusterings
    found: dict[int, list[str]] = {}
    for key in store.all_keys():
        group, name = key
        if group not in found:
            found[group] = []
        if not store.is_protected(key):
            found[group].append(name)
        elif len(store.names(group)) == 1:
            # There is none but the sorter's, which a first edit copies.
            found[group].append(name)
    if not any(found.values()):
        # The reader says what is wrong with it.
        dataset.open().close()
        raise DatasetError(f"{dataset.path} holds no clusters.")
    return {group: names for group, names in found.items() if names}


def group_names(state: ClusteringState) -> dict[int, str]:
    """Name of the group of each cluster; the usual ones as they are called in tables."""
    names = {**state.group_names, **GROUP_NAMES}
    return {c: names.get(group, f"group {group}") for c, group in state.cluster_groups.items()}


def _of_clusters(dataset: Dataset) -> Overview:
    keys = usual_keys(dataset)
    place = find_place(dataset.path)
    groups: Counter[str] = Counter()
    n_spikes = 0
    pictured: tuple[Curve, ...] = ()
    n_known = 0.0
    n_open: list[int | None] = []
    data: list[str] = []
    has_others = bool(folders_there())
    for shank, names in keys.items():
        state = dataset.clusterings.read((shank, names[0]))
        named = group_names(state)
        groups.update(named.values())
        n_spikes += len(state.spike_clusters)
        basis = cache(partial(_basis, dataset, shank))
        places = PreparedPlaces(place.folder, partial(_data_of, basis))
        if has_others:
            data.append(basis().data)
        kept = KeptStatistics(place.folder, shank, places)
        # Fingerprints of all clusters take longer than to ask.
        if named and kept:
            prints = prints_of(state.spike_clusters)
            known = kept.prints(basis)
            n_known += len(named) * sum(key in known for key in prints.values()) / len(prints)
            preview = preview_of(places.folders(), shank, prints.values())
            pictured = pictured or curves(preview, kept.waveforms, prints, named)
            undecided = [c for c, group in state.cluster_groups.items() if group == UNSORTED]
            n_open.append(n_suggested(preview, place.folder, shank, prints, undecided))
        elif named:
            n_open.append(None)
    saved, saved_by = _last_save(dataset, place.folder)
    leftover = unsaved_in(place.folder)
    return Overview(
        n_spikes=n_spikes,
        shanks=tuple(keys),
        clusterings=tuple(dict.fromkeys(name for names in keys.values() for name in names)),
        groups=dict(groups),
        # What is not known of one shank is not known of all.
        n_suggestions=sum(filter(None, n_open)) if n_open and None not in n_open else None,
        prepared=n_known / sum(groups.values()) if groups else None,
        has_unsaved=leftover is not None and leftover.has_steps and not leftover.is_settled,
        saved=saved.isoformat(timespec="seconds"),
        saved_by=saved_by,
        curves=pictured,
        data=tuple(data),
    )


def _basis(dataset: Dataset, shank: int) -> Basis:
    """What the statistics of a shank are computed from; nothing where its data cannot be read."""
    try:
        opened = dataset.open(shank)
    except (DatasetError, OSError):
        return Basis()
    try:
        return Basis(data_print(opened), versions_of(opened))
    except (DatasetError, OSError):
        return Basis()
    finally:
        opened.close()


def _data_of(basis: Callable[[], Basis]) -> str:
    return basis().data


def _last_save(dataset: Dataset, folder: Path) -> tuple[datetime, str]:
    written = dataset.clusterings.written_at()
    kept = backup_heads(folder, 1)
    if kept and kept[0].user and written <= kept[0].time.astimezone() + _SAVING:
        return written, kept[0].user
    try:
        return written, user_name(os.stat(dataset.clusterings.path).st_uid)
    except OSError:
        return written, ""


def _finite(value: float | None) -> float | None:
    """A number that a file of JSON can hold: a format may tell of any."""
    return value if value is not None and math.isfinite(value) else None


def _outline(dataset: Dataset) -> Outline:
    if isinstance(dataset, Outlined):
        return dataset.outline()
    shank = dataset.open()
    try:
        return Outline(
            shank.duration, shank.n_channels if len(dataset.channel_groups) == 1 else None
        )
    finally:
        shank.close()

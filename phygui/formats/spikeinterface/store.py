"""The clusterings of an analyzer: its own, and the one that its curation file makes of it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from phygui.dataset.groups import BEST_FIRST, GROUP_NAMES, UNSORTED
from phygui.dataset.one_clustering import IDS_OF_A_SHANK, MAIN, OneClustering
from phygui.dataset.state import ClusteringState, Key
from phygui.errors import DatasetError
from phygui.formats.spikeinterface.analyzer import Analyzer
from phygui.formats.spikeinterface.curation_json import GROUP_LABEL, MARK, PROGRAM, curation_json
from phygui.formats.spikeinterface.curation_steps import Curated, CurationError, apply_steps
from phygui.formats.spikeinterface.units import UnitNumbers
from phygui.storage.files import reason
from phygui.storage.state.fingerprint import FileStamp
from phygui.storage.state.state_files import parse_json, read_whole, write_whole
from phygui.storage.system import sync_folder

SUFFIX = ".curation.json"
"""Of the curation file beside an analyzer, after the analyzer's whole name."""
_KEPT = ".curation.original.json"
_LARGEST = 1 << 31
REMOVED = "removed"
"""The group of clusters that the curation leaves out."""
_NUMBERS = {name: group for group, name in GROUP_NAMES.items()}
_FIRST_OWN_GROUP = max(GROUP_NAMES) + 1


def curation_file(analyzer: Path) -> Path:
    """Where the curation of an analyzer is."""
    return analyzer.with_name(analyzer.name + SUFFIX)


class AnalyzerClusterings(OneClustering):
    """The clusterings of one analyzer.

    Parameters
    ----------
    analyzer : Analyzer
    path : Path, optional
        The curation file, if not the one beside the analyzer; need not be there.
    """

    def __init__(self, analyzer: Analyzer, path: Path | None = None) -> None:
        self._analyzer = analyzer
        self.path = curation_file(analyzer.path) if path is None else path
        self.no_other = (
            f"{analyzer.path}: an analyzer has one curation beside the sorter's clustering; "
            "save a copy of it instead."
        )

    @property
    def units(self) -> UnitNumbers:
        """Which unit of the sorting each cluster is."""
        return self._analyzer.units

    @property
    def channel_groups(self) -> Sequence[int]:
        """The shanks that have spikes."""
        return self._analyzer.channel_groups

    # -- reading -------------------------------------------------------------------------------

    def _told(self) -> Any:
        """What the curation file says; None if there is none."""
        try:
            return parse_json(read_whole(self.path, _LARGEST))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise DatasetError(f"{self.path} cannot be read: {reason(error)}.") from error

    def _curated(self, told: Any) -> Curated:
        analyzer = self._analyzer
        if told is None:
            return Curated(list(analyzer.units.unit_ids), analyzer.spike_units)
        try:
            return apply_steps(told, analyzer.units.unit_ids, analyzer.spike_units)
        except CurationError as error:
            raise DatasetError(f"{self.path} cannot be used: {reason(error)}.") from error

    def read(self, key: Key) -> ClusteringState:
        """See :class:`~phygui.dataset.ClusteringStore`."""
        group, name = key
        if group not in self._analyzer.channel_groups or name not in self.names(group):
            raise DatasetError(
                f"{self._analyzer.path} has no clustering {name!r} of shank {group}, expected main "
                "or original."
            )
        return self._state(group, self._curated(self._told() if name == MAIN else None))

    def _state(self, group: int, curated: Curated) -> ClusteringState:
        analyzer = self._analyzer
        clusters = analyzer.units.clusters_of(curated.unit_ids)
        numbers = np.array([clusters[unit] for unit in curated.unit_ids], np.int32)
        spike_clusters = numbers[curated.spike_units]
        spikes = analyzer.spikes_of(group)
        own = spike_clusters if spikes is None else spike_clusters[spikes]
        living = np.unique(own).tolist()
        unit_of = {clusters[unit]: unit for unit in curated.unit_ids}
        names = _group_names(curated)
        groups, labels = {}, {}
        for cluster in living:
            unit = unit_of[cluster]
            groups[cluster] = _group_of(curated, unit, names)
            told = dict(analyzer.told.get(cluster, {}))
            for label, options in curated.labels.get(unit, {}).items():
                if label != GROUP_LABEL:
                    text = curated.text(unit, label) if options else ""
                    told[label.removeprefix(MARK)] = text or ""
            if told := {label: text for label, text in told.items() if text}:
                labels[cluster] = told
        largest = max(analyzer.units.largest, int(numbers.max()))
        place = analyzer.channel_groups.index(group)
        return ClusteringState(
            own,
            groups,
            labels,
            {**GROUP_NAMES, **{number: text for text, number in names.items() if number >= 4}},
            largest + place * IDS_OF_A_SHANK,
            analyzer.measured,
        )

    # -- writing -------------------------------------------------------------------------------

    def write(
        self,
        states: Mapping[Key, ClusteringState],
        *,
        target: Path | None = None,
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        """See :class:`~phygui.dataset.ClusteringStore`."""
        self.refuse_protected(states, self.path)
        goal = self.path if target is None else target
        try:
            data = self._encoded(states)
            if target is None:
                self._keep_original()
                _replace(self.path, data, ready)
            else:
                _copy(self._analyzer.path, target, data, ready)
        except OSError as error:
            raise DatasetError(f"{goal} could not be saved: {reason(error)}.") from error

    def _encoded(self, states: Mapping[Key, ClusteringState]) -> bytes:
        """The curation file of some clusterings, and of the others as they are stored."""
        analyzer = self._analyzer
        stored = self._curated(self._told())
        wanted: dict[int, ClusteringState] = {}
        for group in analyzer.channel_groups:
            spikes = analyzer.spikes_of(group)
            if spikes is None or len(spikes):
                wanted[group] = states.get((group, MAIN)) or self._state(group, stored)
        clusters = np.zeros(len(analyzer.spike_units), np.int32)
        groups: dict[int, str] = {}
        labels: dict[str, dict[int, str]] = {}
        group_names: dict[int, str] = {}
        for group, state in wanted.items():
            spikes = analyzer.spikes_of(group)
            clusters[slice(None) if spikes is None else spikes] = state.spike_clusters
            if common := groups.keys() & state.cluster_groups.keys():
                raise DatasetError(
                    f"{self.path}: cluster {min(common)} would be on two shanks, since their "
                    "clusters are units of one sorting; nothing was written."
                )
            own = {**state.group_names, **GROUP_NAMES}
            names = {g: own.get(g, f"group {g}") for g in {*own, *state.cluster_groups.values()}}
            group_names |= {g: text for g, text in names.items() if g not in GROUP_NAMES}
            groups |= {c: names[g] for c, g in state.cluster_groups.items()}
            for cluster in state.cluster_groups:
                self._add_labels(labels, cluster, state.labels.get(cluster, {}))
        told = curation_json(
            analyzer.units.unit_ids,
            analyzer.spike_units,
            clusters,
            {c: analyzer.units.unit_of(c) for c in groups},
            groups,
            labels,
            group_names=[group_names[g] for g in sorted(group_names)],
            removed=[c for c, text in groups.items() if text == REMOVED],
        )
        data = json.dumps(told, ensure_ascii=False).encode()
        self._verify(data, wanted)
        return data

    def _add_labels(
        self, labels: dict[str, dict[int, str]], cluster: int, of: Mapping[str, str]
    ) -> None:
        """The labels of a cluster that the analyzer does not tell already, or that are gone."""
        told = self._analyzer.told.get(cluster, {})
        for name in {**told, **of}:
            text = of.get(name, "")
            if text.strip() == "" and name not in told:
                continue
            if text != told.get(name):
                labels.setdefault(name, {})[cluster] = text

    def _verify(self, data: bytes, wanted: Mapping[int, ClusteringState]) -> None:
        """Make sure that what is about to be written is what is wanted."""
        curated = self._curated(parse_json(data))
        for group, state in wanted.items():
            found = self._state(group, curated)
            named = [
                {c: {**GROUP_NAMES, **each.group_names}.get(g, f"group {g}")
                 for c, g in each.cluster_groups.items()}
                for each in (found, state)
            ]  # fmt: skip
            if named[0] != named[1] or not np.array_equal(
                found.spike_clusters, state.spike_clusters
            ):
                raise DatasetError(f"{self.path}: the curation does not tell what was meant.")

    def _keep_original(self) -> None:
        """Keep a curation that somebody else has made; later saves find it there."""
        kept = self._kept()
        told = self._told()
        if told is None or os.path.lexists(kept) or _is_own(told):
            return
        write_whole(kept, read_whole(self.path, _LARGEST))

    def _kept(self) -> Path:
        return self._analyzer.path.with_name(self._analyzer.path.name + _KEPT)

    # -- what has become of it -----------------------------------------------------------------

    def stamp(self) -> object:
        """See :class:`~phygui.dataset.ClusteringStore`."""
        try:
            return FileStamp.of(self.path)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise DatasetError(f"{self.path} cannot be read: {reason(error)}.") from error
        if not self._analyzer.path.is_dir():
            raise DatasetError(f"{self._analyzer.path} is gone.")
        return None

    def written_at(self) -> datetime:
        """See :class:`~phygui.dataset.ClusteringStore`."""
        with contextlib.suppress(FileNotFoundError):
            return datetime.fromtimestamp(os.stat(self.path).st_mtime).astimezone()
        return datetime.fromtimestamp(os.stat(self._analyzer.path).st_mtime).astimezone()

    def unedited(self) -> AnalyzerClusterings | None:
        """What there was before the first save: somebody else's curation, or none."""
        kept = self._kept()
        if os.path.lexists(kept):
            return AnalyzerClusterings(self._analyzer, kept)
        told = self._told()
        if told is None or not _is_own(told):
            return None
        return AnalyzerClusterings(self._analyzer, self._analyzer.path / "no curation")


def _is_own(told: Any) -> bool:
    """Whether this program has written a curation."""
    first = told[0] if isinstance(told, list) and told else told
    return isinstance(first, dict) and str(first.get(PROGRAM, "")).startswith("phygui ")


def _group_names(curated: Curated) -> dict[str, int]:
    """Numbers of the groups by their names: others than the usual ones from 4, in their order."""
    usual = {GROUP_NAMES[group] for group in BEST_FIRST}
    options = [text for text in curated.options.get(GROUP_LABEL, ()) if text.lower() not in usual]
    told = {curated.text(unit, GROUP_LABEL) for unit in curated.labels}
    own = sorted(text for text in told if text and text.lower() not in usual)
    ordered = dict.fromkeys([*filter(None, options), *own, *([REMOVED] if curated.removed else [])])
    return dict(_NUMBERS) | {text: _FIRST_OWN_GROUP + i for i, text in enumerate(ordered)}


def _group_of(curated: Curated, unit: Any, names: Mapping[str, int]) -> int:
    if unit in curated.removed:
        return names[REMOVED]
    text = curated.text(unit, GROUP_LABEL) or GROUP_NAMES[UNSORTED]
    return names[text] if text in names else names[text.lower()]


def _replace(path: Path, data: bytes, ready: Callable[[], None]) -> None:
    """Write a file beside its place, and put it there in one step."""
    staged = path.with_name(f".{path.name}.phygui-new")
    write_whole(staged, data)
    try:
        if read_whole(staged, _LARGEST) != data:
            raise DatasetError(f"{staged} does not hold what was written.")
        ready()
        os.replace(staged, path)
    except BaseException:
        with contextlib.suppress(OSError):
            staged.unlink()
        raise
    try:
        sync_folder(path.parent)
    except OSError as error:
        raise DatasetError(
            f"{path} was saved, but its folder could not be flushed to the disk "
            f"({reason(error)}): save again, or a power cut may lose it."
        ) from error


def _copy(analyzer: Path, target: Path, data: bytes, ready: Callable[[], None]) -> None:
    """Copy an analyzer, with a curation beside the copy.

    Raises
    ------
    OSError, DatasetError
        If that fails; nothing is at the target then that was not there.
    """
    beside = curation_file(target)
    for path in (target, beside):
        if os.path.lexists(path):
            raise DatasetError(f"{path} exists already: it is not replaced by a copy.")
    made = Path(tempfile.mkdtemp(prefix=f".{target.name[:100]}.", dir=target.parent))
    try:
        inner = made / target.name
        shutil.copytree(analyzer, inner, symlinks=True)
        _make_absolute(inner / "recording.json", analyzer)
        _replace(beside, data, ready)
        os.rename(inner, target)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _make_absolute(path: Path, base: Path) -> None:
    """Have a copied analyzer name its recording where that is: paths start at its folder."""
    if not path.exists():
        return
    from spikeinterface.core.core_tools import make_paths_absolute

    with contextlib.suppress(ValueError, KeyError):
        told = make_paths_absolute(json.loads(path.read_bytes()), base)
        write_whole(path, json.dumps(told, indent=1).encode())

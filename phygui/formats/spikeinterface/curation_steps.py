"""What a curation file of SpikeInterface makes of the units of a sorting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phygui.formats.spikeinterface.curation_json import UnitId

Labels = dict[str, list[str]]
_SEVERAL = ", "


class CurationError(ValueError):
    """What is wrong with a curation, in words."""


@dataclass
class Curated:
    """Units after a curation.

    Attributes
    ----------
    unit_ids : list of int or str
        Of the units that there are, removed ones as well.
    spike_units : (n_spikes,) int64
        Place in `unit_ids` of the unit of each spike.
    labels : dict
        By unit, its options of each label; none where it is told to be without.
    removed : set
        Units that are removed.
    options : dict
        By label, the options that are defined, in their order.
    """

    unit_ids: list[UnitId]
    spike_units: NDArray[np.int64]
    labels: dict[UnitId, Labels] = field(default_factory=dict)
    removed: set[UnitId] = field(default_factory=set)
    options: dict[str, list[str]] = field(default_factory=dict)

    def text(self, unit: UnitId, label: str) -> str | None:
        """A label of a unit in one text; None if nothing is told."""
        options = self.labels.get(unit, {}).get(label)
        return None if options is None else _SEVERAL.join(options)


def apply_steps(told: Any, unit_ids: Sequence[UnitId], spike_units: NDArray[np.int64]) -> Curated:
    """Apply a curation, of one step or several, to the units of a sorting.

    Parameters
    ----------
    told : dict or list of dict
        As a file holds it.
    unit_ids : sequence of int or str
    spike_units : (n_spikes,) int64
        In the order of the sorting.

    Raises
    ------
    CurationError
        If it makes no sense, or belongs to another sorting.
    """
    if isinstance(told, dict) and isinstance(told.get("curation_steps"), list):
        told = told["curation_steps"]
    steps = told if isinstance(told, list) else [told]
    curated = Curated(list(unit_ids), np.array(spike_units, np.int64))
    for step in steps:
        try:
            _apply(step, curated)
        except (KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
            raise CurationError(
                f"it is no curation of SpikeInterface ({type(error).__name__}: {error})"
            ) from error
    return curated


def _apply(step: Mapping[str, Any], curated: Curated) -> None:
    version = step["format_version"]
    if version not in ("1", "2"):
        raise CurationError(f"its version is {version!r}, expected 1 or 2")
    named, known = set(step["unit_ids"]), set(curated.unit_ids) - curated.removed
    if named != known:
        unknown, missing = [*named - known], [*known - named]
        what = f"names unit {unknown[0]!r}" if unknown else f"lacks unit {missing[0]!r}"
        raise CurationError(f"it {what}, so it belongs to another sorting")
    _label(step, curated)
    curated.removed |= set(step.get("removed") or step.get("removed_units") or ())
    merges = step.get("merges") or step.get("merge_unit_groups") or ()
    _merge(list(merges), curated)
    _split(list(step.get("splits") or ()), curated)


def _label(step: Mapping[str, Any], curated: Curated) -> None:
    definitions = step.get("label_definitions") or {}
    for name, definition in definitions.items():
        curated.options[str(name)] = [str(each) for each in definition["label_options"]]
    for each in step.get("manual_labels") or ():
        labels = each.get("labels", {k: v for k, v in each.items() if k != "unit_id"})
        _known(curated, each["unit_id"])
        of_unit = curated.labels.setdefault(each["unit_id"], {})
        for name, options in labels.items():
            if not isinstance(options, list):
                raise CurationError(f"label {name!r} of unit {each['unit_id']!r} is no list")
            of_unit[str(name)] = [str(option) for option in options]


def _known(curated: Curated, unit: UnitId) -> int:
    """The place of a unit."""
    try:
        return curated.unit_ids.index(unit)
    except ValueError:
        raise CurationError(f"it names unit {unit!r}, which there is not") from None


def _merge(merges: list[Any], curated: Curated) -> None:
    groups = [(each, None) if isinstance(each, list) else
              (list(each["unit_ids"]), each.get("new_unit_id")) for each in merges]  # fmt: skip
    merged = [unit for units, _ in groups for unit in units]
    if len(set(merged)) < len(merged):
        raise CurationError("it merges a unit twice")
    taken = [*curated.unit_ids]
    places = np.arange(len(taken))
    gone: list[int] = []
    for units, given in groups:
        new = _new_ids(taken, 1, "merge")[0] if given is None else given
        if new in taken and new not in units:
            raise CurationError(f"it makes a unit {new!r}, which there is already")
        own = [_known(curated, unit) for unit in units]
        places[own] = len(taken)
        gone.extend(own)
        taken.append(new)
        labels = _common([curated.labels.pop(unit, {}) for unit in units])
        if labels:
            curated.labels[new] = labels
    _keep(curated, places[curated.spike_units], taken, gone)


def _common(labels: list[Labels]) -> Labels:
    """Labels that all have alike."""
    first, *others = labels
    return {k: v for k, v in first.items() if all(other.get(k) == v for other in others)}


def _split(splits: list[Any], curated: Curated) -> None:
    split = [each["unit_id"] for each in splits]
    if len(set(split)) < len(split):
        raise CurationError("it splits a unit twice")
    taken = [*curated.unit_ids]
    order = np.argsort(curated.spike_units, kind="stable") if splits else np.zeros(0, np.int64)
    bounds = np.searchsorted(curated.spike_units[order], np.arange(len(taken) + 1))
    spike_units = curated.spike_units.copy()
    gone: list[int] = []
    for each in splits:
        place = _known(curated, each["unit_id"])
        spikes = order[bounds[place] : bounds[place + 1]]
        parts = _parts(each, len(spikes))
        given = each.get("new_unit_ids")
        n_parts = int(parts.max(initial=-1)) + 1
        name = f"{each['unit_id']}-split"
        new = _new_ids(taken, n_parts, name) if given is None else list(given)
        if len(new) < n_parts or len({*new, *taken}) < len(new) + len(taken):
            raise CurationError(f"it splits unit {each['unit_id']!r} into units that do not fit")
        gone.append(place)
        spike_units[spikes] = len(taken) + parts
        taken.extend(new)
        labels = curated.labels.pop(each["unit_id"], {})
        curated.labels.update({unit: dict(labels) for unit in new if labels})
    _keep(curated, spike_units, taken, gone)


def _parts(split: Mapping[str, Any], n_spikes: int) -> NDArray[np.int64]:
    """The part that each spike of a unit is in, from 0 up."""
    if split.get("mode", "indices") == "labels":
        labels = np.asarray(split["labels"], np.int64)
        if labels.shape != (n_spikes,):
            raise CurationError(
                f"it tells parts of {labels.size} spikes of unit {split['unit_id']!r}, which has "
                f"{n_spikes}"
            )
        return np.unique(labels, return_inverse=True)[1].reshape(-1)
    parts = np.full(n_spikes, len(split["indices"]))
    for part, listed in enumerate(split["indices"]):
        indices = np.asarray(listed if len(listed) else np.zeros(0, np.int64))
        if indices.dtype.kind != "i" or indices.ndim != 1:
            raise CurationError(f"a part of unit {split['unit_id']!r} is no list of numbers")
        if len(indices) and not (indices.min() >= 0 and indices.max() < n_spikes):
            raise CurationError(
                f"a part of unit {split['unit_id']!r} has spike {int(indices.max())}, which has "
                f"{n_spikes} spikes"
            )
        parts[indices] = part
    return parts


def _new_ids(taken: list[UnitId], n: int, name: str) -> list[UnitId]:
    """Ids as SpikeInterface gives them: the next numbers, or a name where ids are no numbers."""
    texts = any(isinstance(unit, str) for unit in taken)
    if all(isinstance(unit, int) or unit.isdecimal() for unit in taken):
        following = max(map(int, taken), default=-1) + 1
        return [str(following + i) if texts else following + i for i in range(n)]
    found: list[UnitId] = []
    number = 0
    while len(found) < n:
        if f"{name}{number}" not in taken:
            found.append(f"{name}{number}")
        number += 1
    return found


def _keep(
    curated: Curated, spike_units: NDArray[np.int64], unit_ids: list[UnitId], gone: list[int]
) -> None:
    """Go on with some more units, and without those at some places."""
    kept = np.ones(len(unit_ids), bool)
    kept[gone] = False
    curated.spike_units = (np.cumsum(kept) - 1)[spike_units]
    curated.unit_ids = [unit for unit, stays in zip(unit_ids, kept, strict=True) if stays]

"""Numbers of clusters for units, whose ids are numbers or texts."""

from __future__ import annotations

from collections.abc import Sequence

from phygui.formats.spikeinterface.curation_json import UnitId

_LARGEST = 2**31 - 100_000


class UnitNumbers:
    """Which cluster a unit is.

    Where all ids are whole numbers from 0 up, or written like them, these are the clusters;
    otherwise units are counted. New clusters have new numbers, and units of the same id.

    Parameters
    ----------
    unit_ids : sequence of int or str
        Those of the sorting.
    """

    def __init__(self, unit_ids: Sequence[UnitId]) -> None:
        self.unit_ids = list(unit_ids)
        self.are_texts = any(isinstance(unit, str) for unit in unit_ids)
        told = [_number(unit) for unit in unit_ids]
        self.are_numbers = None not in told and len(set(told)) == len(told)
        numbers = [n for n in told if n is not None]
        clusters = numbers if self.are_numbers else list(range(len(self.unit_ids)))
        self.clusters = clusters
        """Of the units of the sorting, in their order."""
        self.largest = max([*clusters, *numbers], default=-1)
        """No new cluster has a number up to this one."""
        self._units = dict(zip(clusters, self.unit_ids, strict=True))
        self._clusters = dict(zip(self.unit_ids, clusters, strict=True))

    def unit_of(self, cluster: int) -> UnitId:
        """The unit id of a cluster."""
        if cluster in self._units:
            return self._units[cluster]
        return str(cluster) if self.are_texts else cluster

    def clusters_of(self, units: Sequence[UnitId]) -> dict[UnitId, int]:
        """Clusters of units, of which some may be new and have ids that others gave."""
        found = {unit: self._clusters[unit] for unit in units if unit in self._clusters}
        numbered = {unit: n for unit in units if unit not in found and (n := _number(unit))}
        for unit, number in numbered.items():
            if number > self.largest and number not in found.values():
                found[unit] = number
        following = max([self.largest, *found.values()]) + 1
        for unit in units:
            if unit not in found:
                found[unit] = following
                following += 1
        return found


def _number(unit: UnitId) -> int | None:
    """The number that an id is; None if it is another text, or no number of a cluster."""
    try:
        number = int(unit)
    except ValueError:
        return None
    return number if 0 <= number < _LARGEST and str(number) == str(unit) else None

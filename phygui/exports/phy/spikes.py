"""The spikes of all shanks in one order, as folders of phy hold them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from phygui.dataset import ClusteringStore, ShankData
from phygui.exports.curation import ShankCuration
from phygui.exports.spec import ExportError


@dataclass(frozen=True)
class Piece:
    """Some spikes that follow one another, of one shank.

    Attributes
    ----------
    place : int
        Which of the shanks.
    rows : (n,) int64
        Where they are among the spikes of the stretch.
    spike_ids : (n,) int64
        In the shank.
    templates : (n,) int64
        Rows of the templates.
    """

    place: int
    rows: NDArray[np.int64]
    spike_ids: NDArray[np.int64]
    templates: NDArray[np.int64]


@dataclass(frozen=True)
class Spikes:
    """All exported spikes in the order of time.

    Attributes
    ----------
    shanks : tuple of ShankCuration
    samples : (n_spikes,) int64
        Rows of the raw data: gaps between recordings are left out.
    shank_of : (n_spikes,) int16
        Which of the shanks.
    spike_ids : (n_spikes,) int64
        In the shank.
    clusters : (n_spikes,) int32
    templates : (n_spikes,) int32
        Rows of the templates.
    cluster_shifts : tuple of int
        What was added to the ids of the clusters of each shank: ids of several shanks that are
        the same could not be told apart.
    template_ids : tuple of (n,) int64
        Of each shank, the sorter's clusters that have a template.
    template_rows : tuple of (n,) int64
        The rows of these.
    n_templates : int
    """

    shanks: tuple[ShankCuration, ...]
    samples: NDArray[np.int64]
    shank_of: NDArray[np.int16]
    spike_ids: NDArray[np.int64]
    clusters: NDArray[np.int32]
    templates: NDArray[np.int32]
    cluster_shifts: tuple[int, ...]
    template_ids: tuple[NDArray[np.int64], ...]
    template_rows: tuple[NDArray[np.int64], ...]
    n_templates: int

    @property
    def n(self) -> int:
        """Number of spikes."""
        return len(self.samples)

    def pieces(self, start: int, stop: int) -> Iterator[Piece]:
        """The spikes of a stretch, shank by shank."""
        of = self.shank_of[start:stop]
        for place in np.unique(of).tolist():
            rows = np.flatnonzero(of == place)
            ids, templates = self.spike_ids[start:stop][rows], self.templates[start:stop][rows]
            yield Piece(place, rows, ids, templates.astype(np.int64))


def collect(shanks: Sequence[ShankCuration], store: ClusteringStore) -> Spikes:
    """Put the spikes of all shanks in one order.

    Raises
    ------
    ExportError
        If there are none.
    """
    ids = [shank.exported_spikes for shank in shanks]
    if not any(len(spike_ids) for spike_ids, _ in ids):
        raise ExportError("no spikes would be exported: there is no cluster in these groups.")
    shifts = _cluster_shifts([shank.cluster_ids for shank in shanks])
    clusters = [(of + shift).astype(np.int32) for (_, of), shift in zip(ids, shifts, strict=True)]
    found = [_sorters_clusters(shank, store, *of) for shank, of in zip(shanks, ids, strict=True)]
    template_ids = [np.unique(of) for of in found]
    rows, n_templates = _template_rows(shanks, template_ids)
    templates = [
        rows[k][np.searchsorted(template_ids[k], of)].astype(np.int32) for k, of in enumerate(found)
    ]
    samples = [_recorded(shank.data, of) for shank, (of, _) in zip(shanks, ids, strict=True)]
    spike_ids = [of for of, _ in ids]
    places = [np.full(len(of), k, np.int16) for k, of in enumerate(spike_ids)]
    joined = np.concatenate(samples)
    order = slice(None) if np.all(joined[1:] >= joined[:-1]) else np.argsort(joined, kind="stable")
    return Spikes(
        tuple(shanks),
        joined[order],
        np.concatenate(places)[order],
        np.concatenate(spike_ids)[order],
        np.concatenate(clusters)[order],
        np.concatenate(templates)[order],
        tuple(shifts),
        tuple(template_ids),
        tuple(rows),
        n_templates,
    )


def _recorded(data: ShankData, spike_ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows of the raw data; those of spikes after its end lie behind it too."""
    timeline, place = data.timeline, data.spike_recordings[spike_ids]
    shifts = timeline.rows - timeline.starts
    samples: NDArray[np.int64] = data.spike_samples[spike_ids].astype(np.int64)
    samples += shifts[place]
    return samples


def _cluster_shifts(ids: Sequence[NDArray[np.int64]]) -> list[int]:
    """What is added to ids of clusters so that no two shanks have the same; nothing if none do."""
    joined = np.concatenate(list(ids))
    if len(np.unique(joined)) == len(joined):
        return [0] * len(ids)
    shifts, least = [], 0
    for of in ids:
        shifts.append(least)
        least += int(of.max(initial=-1)) + 1
    return shifts


def _sorters_clusters(
    shank: ShankCuration,
    store: ClusteringStore,
    spike_ids: NDArray[np.int64],
    clusters: NDArray[np.int64],
) -> NDArray[np.int64]:
    """The cluster that the sorter gave each spike; where that is not known, the exported one."""
    group = shank.channel_group
    for name in store.names(group):
        if store.is_protected((group, name)):
            return store.read((group, name)).spike_clusters[spike_ids].astype(np.int64)
    return clusters


def _template_rows(
    shanks: Sequence[ShankCuration], template_ids: Sequence[NDArray[np.int64]]
) -> tuple[list[NDArray[np.int64]], int]:
    """Rows of the templates of each shank, and how many there are.

    Of one shank they are the sorter's numbers, unless most would be empty.
    """
    if len(shanks) == 1:
        ids, known = template_ids[0], shanks[0].data.templates
        least = int(ids.max()) + 1
        if known is not None and len(known):
            least = max(least, max(known) + 1)
        if least <= 2 * max(len(ids), len(known or ())) + 100:
            return [ids], least
    rows, n = [], 0
    for ids in template_ids:
        rows.append(np.arange(n, n + len(ids)))
        n += len(ids)
    return rows, n

"""Principal components: the analyzer's where all spikes have them, else of the waveforms."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from phygui.dataset.sparse_features import SparseFeatures
from phygui.errors import DatasetError
from phygui.formats.spikeinterface.analyzer import Analyzer
from phygui.storage.arrays.waveforms import Waveforms

N_COMPONENTS = 3
_LEARNT_FROM = 1_000
"""Spikes of which components are learnt."""
_CHANNELS_OF_EACH = 3
"""Channels of each of them, the largest ones."""
_MOST_CHANNELS = 12
"""Channels of a unit that are looked at, where the analyzer is not sparse."""
_AT_ONCE = 500
_EXTENSION, _RANDOM = "principal_components", "random_spikes"


def unit_columns(analyzer: Analyzer, channels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Place among a shank's channels of each column of sparse arrays, -1 for none.

    Parameters
    ----------
    analyzer : Analyzer
    channels : (n_channels,) int64
        The shank's, as places among all channels.

    Returns
    -------
    (n_units, n_columns) int64
    """
    n_units, n_all = len(analyzer.units.unit_ids), len(analyzer.channel_ids)
    place = np.full(n_all + 1, -1)
    place[channels] = np.arange(len(channels))
    if analyzer.sparsity is None:
        return np.tile(place[:-1], (n_units, 1))
    found = np.full((n_units, max(int(analyzer.sparsity.sum(axis=1).max()), 1)), -1)
    for unit, mask in enumerate(analyzer.sparsity):
        own = np.flatnonzero(mask)
        found[unit, : len(own)] = place[own]
    return found


def stored_features(
    analyzer: Analyzer, spikes: NDArray[np.int64] | None, channels: NDArray[np.int64], whole: bool
) -> SparseFeatures | None:
    """The components that the analyzer holds; None if it holds none that are of use.

    Parameters
    ----------
    analyzer : Analyzer
    spikes : (n_spikes,) int64, optional
        Those of the shank; by default all.
    channels : (n_channels,) int64
    whole : bool
        Whether components of some spikes only are of no use.

    Raises
    ------
    DatasetError
        If they do not fit.
    """
    tree = analyzer.tree
    if not tree.has(_EXTENSION) or not tree.has(_RANDOM):
        return None
    mode = tree.params(_EXTENSION).get("mode", "by_channel_local")
    if mode == "concatenated":
        # They are of no channel.
        return None
    n_spikes = len(analyzer.spike_samples)
    chosen = tree.rows(_RANDOM, "random_spikes_indices")
    if len(chosen.shape) != 1:
        raise DatasetError(
            f"{analyzer.path}: components are of spikes that are told along {len(chosen.shape)} "
            "axes, expected 1."
        )
    n_chosen = chosen.shape[0]
    if whole and n_chosen < n_spikes:
        return None
    of_rows = chosen.read([slice(0, n_chosen, 1)]).astype(np.int64)
    if n_chosen and not (of_rows.min() >= 0 and of_rows.max() < n_spikes):
        raise DatasetError(f"{analyzer.path}: components are of spikes that there are not.")
    store = tree.rows(_EXTENSION, "pca_projection")
    columns = unit_columns(analyzer, channels)
    if len(store.shape) != 3 or store.shape[0] != n_chosen or store.shape[2] > columns.shape[1]:
        raise DatasetError(
            f"{analyzer.path}: components have the shape {store.shape}, expected {n_chosen} spikes "
            f"and up to {columns.shape[1]} channels."
        )
    rows: NDArray[np.int64] | None = None
    if n_chosen < n_spikes or not np.array_equal(of_rows, np.arange(n_spikes)):
        rows = np.full(n_spikes, -1)
        rows[of_rows] = np.arange(n_chosen)
    units = analyzer.spike_units.astype(np.int32)
    if spikes is not None:
        units = units[spikes]
        rows = spikes if rows is None else rows[spikes]
    return SparseFeatures(store, columns[:, : store.shape[2]], units, rows, len(channels))


class WaveformFeatures:
    """Components of waveforms, computed of the spikes that are asked for.

    One set of components serves all channels. It is learnt when features are first asked for.

    Parameters
    ----------
    waveforms : Waveforms
        Of the spikes of the shank.
    columns : (n_units, n_columns) int64
        See :func:`unit_columns`.
    spike_units : (n_spikes,) int64
    """

    has_masks = False
    n_features = N_COMPONENTS

    def __init__(
        self, waveforms: Waveforms, columns: NDArray[np.int64], spike_units: NDArray[np.int64]
    ) -> None:
        self._waveforms = waveforms
        self._columns = columns
        self._units = spike_units
        self._n_channels = waveforms.shape[2]
        self._lock = threading.Lock()
        self._basis: NDArray[np.float32] | None = None

    def _learnt(self) -> NDArray[np.float32]:
        """The components: (n_samples, n_components)."""
        with self._lock:
            if self._basis is None:
                self._basis = self._learn()
            return self._basis

    def _learn(self) -> NDArray[np.float32]:
        n_spikes, n_samples, _ = self._waveforms.shape
        n = min(n_spikes, _LEARNT_FROM)
        chosen = np.unique(np.linspace(0, n_spikes - 1, n).astype(np.int64))
        found = []
        for start in range(0, len(chosen), _AT_ONCE):
            block = self._waveforms[chosen[start : start + _AT_ONCE]]
            heights = np.ptp(block, axis=1)
            largest = np.argsort(-heights, axis=1)[:, :_CHANNELS_OF_EACH]
            found.append(np.take_along_axis(block, largest[:, None, :], axis=2))
        shapes = np.concatenate(found).transpose(0, 2, 1).reshape(-1, n_samples)
        # Not centred: where there is no spike, components are 0.
        _, _, axes = np.linalg.svd(shapes, full_matrices=False)
        axes = axes[:N_COMPONENTS]
        # The sign of a component is free: the same on every machine.
        largest = axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)]
        axes *= np.where(largest < 0, -1, 1)[:, None]
        basis = np.zeros((n_samples, N_COMPONENTS), np.float32)
        basis[:, : len(axes)] = axes.T
        return basis

    def read(
        self, spike_ids: NDArray[np.int64], channels: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """See :class:`~phygui.dataset.FeatureSource`."""
        spike_ids = np.asarray(spike_ids)
        wanted = np.arange(self._n_channels) if channels is None else np.asarray(channels)
        values = np.zeros((len(spike_ids), len(wanted), N_COMPONENTS), np.float32)
        masks = np.zeros((len(spike_ids), len(wanted)), np.float32)
        if not len(spike_ids) or not len(wanted):
            return values, masks
        basis = self._learnt()
        has = np.zeros((len(self._columns), self._n_channels), bool)
        units, columns = np.nonzero(self._columns >= 0)
        has[units, self._columns[units, columns]] = True
        masks[:] = has[self._units[spike_ids]][:, wanted]
        for start in range(0, len(spike_ids), _AT_ONCE):
            rows = slice(start, start + _AT_ONCE)
            there = np.flatnonzero(masks[rows].any(axis=0))
            if len(there):
                block = self._waveforms[spike_ids[rows]][:, :, wanted[there]]
                found = np.einsum("stc,tk->sck", block, basis)
                values[rows, there] = found * masks[rows][:, there, None]
        return values, masks

    def close(self) -> None:
        """Nothing is held."""


def computed_features(
    analyzer: Analyzer,
    spikes: NDArray[np.int64] | None,
    channels: NDArray[np.int64],
    waveforms: Waveforms,
    template: Callable[[int], NDArray[np.float32] | None],
) -> WaveformFeatures:
    """Components of waveforms on the channels of each unit.

    Parameters
    ----------
    analyzer : Analyzer
    spikes, channels
        See :func:`stored_features`.
    waveforms : Waveforms
    template : callable
        The mean waveform of a unit on the shank's channels, by its place.
    """
    columns = unit_columns(analyzer, channels)
    if analyzer.sparsity is None and len(channels) > _MOST_CHANNELS:
        columns = np.full((len(columns), _MOST_CHANNELS), -1)
        for unit in range(len(columns)):
            shape = template(unit)
            if shape is not None:
                columns[unit] = np.argsort(-np.ptp(shape, axis=0))[:_MOST_CHANNELS]
            else:
                columns[unit] = np.arange(_MOST_CHANNELS)
    units = analyzer.spike_units if spikes is None else analyzer.spike_units[spikes]
    return WaveformFeatures(waveforms, columns, units)

"""The sorter's templates in place of waveforms: where there is no raw data, or where asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from phygui.analysis import sample_spikes
from phygui.curation.statistics.snapshot import Snapshot
from phygui.dataset import ShankData, mean_template
from phygui.storage.cache import ByteCache
from phygui.views.core.base import Cancel, Empty, check
from phygui.views.core.loading import missing_data
from phygui.views.data.probe_layout import probe_layout
from phygui.views.waveform.data import WaveformData, WaveformParams, parse_channels
from phygui.views.waveform.shown import shown_of

_N_SPIKES = 2_000
"""Spikes of a cluster whose templates are looked at."""
_FEW_CHANNELS = 32
_LEAST = 0.1
"""Part of a template's largest height that it has at least where it is shown."""
_N_TYPICAL = 64

_cache = ByteCache(1 << 16)


def shows_templates(shank: ShankData, params: WaveformParams) -> bool:
    """Whether templates are shown, and not waveforms."""
    return shank.templates is not None and (params.templates or shank.waveforms is None)


def load_templates(
    snapshot: Snapshot, params: WaveformParams, cancelled: Cancel
) -> WaveformData | Empty:
    """Read the templates of the selected clusters."""
    shank = snapshot.shank
    if not snapshot.cluster_ids:
        return Empty("Select a cluster to see its templates.")
    ids, shapes = [], []
    for cluster in snapshot.cluster_ids[: params.n_clusters]:
        check(cancelled)
        shape = mean_template(shank, sample_spikes(snapshot.spikes(cluster), _N_SPIKES))
        if shape is not None:
            ids.append(cluster)
            shapes.append(shape * shank.channel_gains.astype(np.float32))
    if not shapes:
        return missing_data(shank, "traces")
    try:
        chosen = parse_channels(params.chosen, [int(c) for c in shank.channels])
    except ValueError as error:
        return Empty(f"{error}.")
    whole = np.stack(shapes)
    heights = np.ptp(whole, axis=1)
    is_there = heights >= _LEAST * np.maximum(heights.max(axis=1, keepdims=True), 1e-30)
    channels = chosen if len(chosen) else _channels(shank, params, is_there)
    means = np.ascontiguousarray(whole[:, :, channels])
    is_there = is_there[:, channels]
    n_samples = means.shape[1]
    nothing = np.zeros((0, n_samples, len(channels)), np.float32)
    data = WaveformData(
        cluster_ids=tuple(ids),
        channels=channels,
        channel_names=tuple(str(int(c)) for c in np.asarray(shank.channels)[channels]),
        layout=probe_layout(shank.channel_positions[channels]),
        spike_ids=np.zeros(0, np.int64),
        spike_times=np.zeros(0),
        colors=np.zeros(0, np.int64),
        waveforms=nothing,
        unmasked=np.zeros((0, len(channels)), bool),
        means=means,
        deviations=np.zeros_like(means),
        cluster_unmasked=is_there,
        present=np.ones_like(is_there),
        times=(np.arange(n_samples) - shank.n_samples_before) * np.float64(1e3 / shank.sample_rate),
        full_scale=_full_scale(shank),
        unit=shank.voltage_unit,
        reach=np.stack([means.min(axis=(0, 1)), means.max(axis=(0, 1))]),
        n_spikes=sum(len(snapshot.spikes(c)) for c in ids),
        absent="" if len(chosen) else " ".join(params.chosen.split()),
        n_left_out=len(snapshot.cluster_ids) - len(ids),
        are_templates=True,
    )
    check(cancelled)
    return replace(data, shown=shown_of(data, data.form(params), params.overlap))


def _channels(
    shank: ShankData, params: WaveformParams, is_there: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Indices of the channels to show."""
    few = params.channels == "auto" and shank.n_channels <= _FEW_CHANNELS
    if params.channels == "all" or few:
        return np.arange(shank.n_channels)
    return np.flatnonzero(is_there.any(axis=0))


def _full_scale(shank: ShankData) -> float:
    """A scale that suits most templates, the same for all clusters."""
    key = ("templates", shank.n_located)
    known: float | None = _cache.get((shank,), key)
    if known is None:
        assert shank.templates is not None
        numbers = list(shank.templates)
        some = numbers[:: max(1, len(numbers) // _N_TYPICAL)]
        heights = [np.ptp(shank.templates[t], axis=0) * shank.channel_gains for t in some]
        known = float(np.percentile([h.max() for h in heights], 75)) / 1.4 if heights else 0.0
        known = known or 1.0
        _cache.put((shank,), key, known, 8)
    return known

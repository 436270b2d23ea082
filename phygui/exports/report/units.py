"""The figures of one unit: its waveform on the probe, its train, and its amplitude over time."""

from __future__ import annotations

import numpy as np

from phygui.analysis import (
    REFRACTORY_PERIOD,
    isi_histogram,
    lag_edges,
    sample_spikes,
    two_sided_correlogram,
)
from phygui.curation.statistics.amplitudes import amplitude_unit, ruler_of, spike_amplitudes
from phygui.exports.curation import ShankCuration
from phygui.exports.report.svg import Axes, Size, curves, figure, label, number, short

N_CHANNELS = 12
"""Channels of a unit whose waveforms are drawn: those nearest to the largest."""
N_SAMPLES = 48
"""Points of a drawn waveform at most."""
N_AMPLITUDES = 500
"""Spikes whose amplitudes are drawn at most."""
LAG_S, LAG_BIN_S = 0.025, 0.0005
"""The longest lag of the autocorrelogram, and a bin of it."""
INTERVAL_S, INTERVAL_BIN_S = 0.05, 0.001
"""The longest interval of the histogram, and a bin of it."""
WIDE: Size = (250.0, 130.0)
TALL: Size = (230.0, 280.0)
_MARGIN = 24.0


def waveform_figure(shank: ShankCuration, cluster_id: int) -> str:
    """The mean waveform on the channels near the unit, laid out as they are on the probe.

    Columns of the probe stand side by side, wherever they are across; along it all is to scale.
    Without raw data it is the template of the sorter, where there is one.
    """
    data = shank.data
    waveform, unit, what = shank.mean_waveform(cluster_id), data.voltage_unit, "Mean waveform"
    if data.waveforms is None:
        # How large it is in volts nobody knows; its form is what can be shown.
        waveform, unit, what = shank.template(cluster_id), "", "Template"
    if waveform is None or not np.abs(waveform).max(initial=0.0) > 0:
        return _nothing(TALL, "no raw data, and no template")
    best = int(np.abs(waveform).max(axis=0).argmax())
    away = np.linalg.norm(data.channel_positions - data.channel_positions[best], axis=1)
    chosen = np.sort(np.argsort(away, kind="stable")[:N_CHANNELS])
    across, along = data.channel_positions[chosen].round(3).T
    columns, column = np.unique(across, return_inverse=True)
    n_rows = len(np.unique(along))
    width, height = TALL
    room = height - 2 * _MARGIN - 34
    depth = (along - along.min()) / max(float(np.ptp(along)), 1e-9)
    middle = _MARGIN + 12 + (1 - depth if n_rows > 1 else np.full(len(chosen), 0.5)) * room
    # A trace may reach as far as the next channel of its column.
    gap = room / max(n_rows - 1, 1) * max(1.0, len(columns) * n_rows / len(chosen))
    scale = min(0.9 * gap, 70.0) / float(np.ptp(waveform[:, chosen]))
    drawn = waveform[:: int(np.ceil(len(waveform) / N_SAMPLES)), chosen].T.astype(np.float64)
    each = (width - 2 * _MARGIN) / len(columns)
    x = _MARGIN + column.reshape(-1, 1) * each + np.linspace(0.2, 1.0, drawn.shape[1]) * each
    y = middle[:, None] - scale * drawn
    is_best = chosen == best
    names = [
        label(x[i, 0] - 2, middle[i] + 2, str(channel), "end", "small")
        for i, channel in enumerate(data.channels[chosen].tolist())
    ]
    milliseconds = 1e3 * len(waveform) / data.sample_rate
    return figure(
        TALL,
        f"{what} of cluster {cluster_id} on the probe",
        [
            *([] if unit else [label(8, 12, "template of the sorter", "start", "name")]),
            *names,
            curves(x[~is_best], y[~is_best], "other"),
            curves(x[is_best], y[is_best], "best"),
            *_scale_bars(scale, unit, 0.8 * each / milliseconds),
        ],
    )


def _scale_bars(scale: float, unit: str, per_ms: float) -> list[str]:
    """How large a voltage is, and how long a millisecond."""
    exact = 36.0 / scale
    power = 10.0 ** np.floor(np.log10(exact))
    size = float(max(m * power for m in (1, 2, 5) if m * power <= exact))
    span = next(ms for ms in (2.0, 1.0, 0.5, 0.2, 0.1) if ms * per_ms <= 60 or ms == 0.1)
    x, y = TALL[0] - 10.0, TALL[1] - 16.0
    up = f" {short(y - size * scale)}V{short(y)}" if unit else f" {short(y)}"
    bars = [
        f'<path class="bar" d="M{short(x)}{up}h{short(-span * per_ms)}"/>',
        label(x - span * per_ms / 2, y + 11, f"{span:g} ms", kind="small"),
    ]
    size_of = label(x - span * per_ms - 4, y - 1, f"{number(size)} {unit}", "end", "small")
    return [*bars, size_of] if unit else bars


def correlogram_figure(shank: ShankCuration, cluster_id: int) -> str:
    """The autocorrelogram; recordings are apart, so that no pair spans two."""
    data = shank.data
    train = data.clock.pair_train(shank.spikes_per_cluster[cluster_id])
    bin_size, n = max(1, round(LAG_BIN_S * data.sample_rate)), round(LAG_S / LAG_BIN_S)
    counts = two_sided_correlogram(train, bin_size=bin_size, n_bins=n)
    edges = np.arange(-n, n + 1) * (1e3 * bin_size / data.sample_rate)
    axes = Axes(
        WIDE,
        (edges[0], edges[-1]),
        (0, 1.25 * max(int(counts.max()), 1)),
        ("lag (ms)", "pairs of spikes"),
        title=f"Autocorrelogram of cluster {cluster_id}",
    )
    axes.band(-1e3 * REFRACTORY_PERIOD, 1e3 * REFRACTORY_PERIOD, "refractory")
    axes.steps(edges, counts)
    return axes.finish()


def interval_figure(shank: ShankCuration, cluster_id: int) -> str:
    """The histogram of inter-spike intervals."""
    data = shank.data
    edges = lag_edges(INTERVAL_BIN_S, 2 * INTERVAL_S)[: round(INTERVAL_S / INTERVAL_BIN_S) + 1]
    train = data.clock.pair_train(shank.spikes_per_cluster[cluster_id])
    counts = isi_histogram(train, edges, data.sample_rate)
    axes = Axes(
        WIDE,
        (0, 1e3 * edges[-1]),
        (0, 1.25 * max(int(counts.max()), 1)),
        ("interval (ms)", "intervals"),
        title=f"Inter-spike intervals of cluster {cluster_id}",
    )
    axes.band(0, 1e3 * REFRACTORY_PERIOD, "refractory")
    axes.steps(1e3 * edges, counts)
    return axes.finish()


def amplitude_figure(shank: ShankCuration, cluster_id: int) -> str:
    """Amplitudes of a sample of the spikes over time; what was not recorded is grey."""
    data = shank.data
    some = sample_spikes(shank.spikes_per_cluster[cluster_id], N_AMPLITUDES)
    stats = shank.stats.get(cluster_id)
    ruler = None if stats is None else ruler_of(data, stats.summary)
    amplitudes = spike_amplitudes(data, some, ruler)
    known = np.isfinite(amplitudes)
    if not known.any():
        return _nothing(WIDE, "nothing to measure amplitudes by")
    times, amplitudes = data.spike_times[some[known]], amplitudes[known]
    unit = amplitude_unit(data)
    low, high = min(0.0, float(amplitudes.min())), float(amplitudes.max())
    axes = Axes(
        WIDE,
        (0, data.span),
        (low, high + 0.25 * (high - low)),
        ("time (s)", f"amplitude ({unit})" if unit else "amplitude"),
        title=f"Amplitude of cluster {cluster_id} over time",
    )
    for start, stop in data.clock.gap_times():
        axes.band(start, stop, "gap")
    axes.points(times, amplitudes)
    return axes.finish()


def _nothing(size: Size, why: str) -> str:
    return figure(size, why, [label(size[0] / 2, size[1] / 2, why)])

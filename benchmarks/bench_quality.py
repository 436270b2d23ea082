"""Agreement of the quality metrics with SpikeInterface's, on a demo dataset.

    python -m venv bench && bench/bin/pip install -e . -r benchmarks/requirements.txt
    bench/bin/python benchmarks/bench_quality.py

A twentieth of the spikes is put into clusters at random first, for there to be violations. Prints
for each metric the largest relative difference over the clusters where both define it, and on how
many clusters only one does.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from phygui import KwikModel
from phygui import analysis as pa
from phygui.io.demo import make_demo

N_CHANNELS = 4
"""Best channels whose features the isolation metrics use."""
ISI_THRESHOLD = 0.001525
"""Seconds: between two samples, since intervals of exactly the threshold are a matter of rounding
for SpikeInterface, which compares seconds."""


def amplitudes_of(analyzer) -> dict[int, np.ndarray]:
    """Amplitude of every spike, by cluster."""
    extension = analyzer.get_extension("spike_amplitudes")
    return extension.get_data(outputs="by_unit", concatenated=True)


def cut(amplitudes: np.ndarray) -> np.ndarray:
    """The amplitudes without the smallest fifth, as if a threshold had missed these spikes."""
    sizes = np.abs(amplitudes)
    return sizes[sizes > np.percentile(sizes, 20)]


def other_metrics(model: KwikModel, clusters: np.ndarray, traces: np.ndarray):
    """SpikeInterface's values by metric and cluster, and its analyzer."""
    import spikeinterface as si
    from spikeinterface.metrics.quality import (
        compute_amplitude_cutoffs,
        compute_isi_violations,
        compute_presence_ratios,
        compute_refrac_period_violations,
        compute_snrs,
    )
    from spikeinterface.metrics.quality.misc_metrics import amplitude_cutoff
    from spikeinterface.metrics.spiketrain.metrics import compute_firing_rates

    si.set_global_job_kwargs(progress_bar=False)
    recording = si.NumpyRecording([traces], model.sample_rate)
    recording.set_channel_gains(1.0)
    recording.set_channel_offsets(0.0)
    recording.set_dummy_probe_from_locations(np.asarray(model.channel_positions))
    samples = np.asarray(model.spike_samples)
    sorting = si.NumpySorting.from_samples_and_labels([samples], [clusters], model.sample_rate)
    analyzer = si.create_sorting_analyzer(sorting, recording, sparse=False)
    # Whole of the recording, so that chance plays no part in the noise.
    whole = {"num_chunks_per_segment": 200, "chunk_size": 20_000, "seed": 0}
    analyzer.compute("random_spikes", max_spikes_per_unit=100)
    analyzer.compute("noise_levels", random_slices_kwargs=whole)
    analyzer.compute(["waveforms", "templates", "spike_amplitudes"])
    isi = compute_isi_violations(analyzer, isi_threshold_ms=1e3 * ISI_THRESHOLD)
    refractory = compute_refrac_period_violations(analyzer, refractory_period_ms=1.0)
    amplitudes = amplitudes_of(analyzer)
    return analyzer, {
        "firing_rate": compute_firing_rates(analyzer),
        "isi_violation_ratio": isi.isi_violations_ratio,
        "contamination_llobet": refractory.rp_contamination,
        "presence_ratio": compute_presence_ratios(analyzer, bin_duration_s=0.2),
        "amplitude_cutoff": compute_amplitude_cutoffs(analyzer),
        "amplitude_cutoff, cut": {
            cluster: amplitude_cutoff(cut(amplitudes[cluster]), 500)
            for cluster in analyzer.unit_ids
        },
        "snr": compute_snrs(analyzer),
    }


def own_metrics(model: KwikModel, clusters: np.ndarray, traces: np.ndarray, analyzer):
    """This project's values of the same, of the same waveforms and amplitudes."""
    rate, duration = model.sample_rate, len(traces) / model.sample_rate
    samples = np.asarray(model.spike_samples)
    noise = pa.noise_levels(traces)
    templates = analyzer.get_extension("templates").get_data()
    amplitudes = amplitudes_of(analyzer)
    main = analyzer.get_main_channels(outputs="index", with_dict=False)
    found: dict[str, dict[int, float]] = {}
    for k, cluster in enumerate(analyzer.unit_ids):
        train = samples[clusters == cluster]
        values = {
            "firing_rate": pa.firing_rate(len(train), duration),
            "isi_violation_ratio": pa.isi_violation_ratio(train, rate, duration, ISI_THRESHOLD),
            "contamination_llobet": pa.contamination_llobet(train, rate, duration, 0.001),
            "presence_ratio": pa.presence_ratio(train, rate, duration, 0.2),
            "amplitude_cutoff": pa.amplitude_cutoff(amplitudes[cluster]),
            "amplitude_cutoff, cut": pa.amplitude_cutoff(cut(amplitudes[cluster])),
            # Each chooses the best channel from other spikes: compare on the same one.
            "snr": pa.snr(templates[k][:, main[k : k + 1]], noise[main[k : k + 1]]),
        }
        for name, metric in values.items():
            found.setdefault(name, {})[int(cluster)] = metric.value
    return found


def isolation(model: KwikModel, clusters: np.ndarray) -> tuple[dict, dict]:
    """Metrics of feature space, by SpikeInterface's functions and by this project's."""
    from spikeinterface.metrics.quality.pca_metrics import d_prime_metric, mahalanobis_metrics

    theirs: dict = {name: {} for name in ("isolation_distance", "l_ratio", "d_prime")}
    ours: dict = {name: {} for name in theirs}
    features = np.asarray(model.features[:]).astype(np.float64)
    masks = np.asarray(model.masks[:])
    n_per_channel = model.n_features_per_channel
    for cluster in np.unique(clusters):
        mine = clusters == cluster
        size = (np.abs(features[mine, ::n_per_channel]) * masks[mine]).mean(axis=0)
        channels = np.argsort(-size)[:N_CHANNELS]
        columns = np.sort((channels[:, None] * n_per_channel + np.arange(n_per_channel)).ravel())
        points = features[:, columns]
        distance, ratio = mahalanobis_metrics(points, clusters, cluster)
        theirs["isolation_distance"][int(cluster)] = distance
        theirs["l_ratio"][int(cluster)] = ratio
        theirs["d_prime"][int(cluster)] = abs(d_prime_metric(points, clusters, cluster))
        inside, outside = points[mine], points[~mine]
        ours["isolation_distance"][int(cluster)] = pa.isolation_distance(inside, outside).value
        ours["l_ratio"][int(cluster)] = pa.l_ratio(inside, outside).value
        ours["d_prime"][int(cluster)] = pa.d_prime(inside, outside).value
    return theirs, ours


def report(theirs: dict, ours: dict) -> None:
    for name, values in theirs.items():
        a = np.array([values[c] for c in sorted(values)], dtype=np.float64)
        b = np.array([ours[name][c] for c in sorted(values)], dtype=np.float64)
        both = np.isfinite(a) & np.isfinite(b)
        scale = np.maximum(np.abs(a[both]), 1e-12)
        largest = float(np.max(np.abs(a[both] - b[both]) / scale, initial=0.0))
        span = f"{a[both].min():.4g} to {a[both].max():.4g}" if both.any() else "nowhere defined"
        alone = int(np.sum(np.isfinite(a) != np.isfinite(b)))
        print(f"{name:24s} {100 * largest:10.4f}%  {both.sum():4d} {alone:6d}   {span}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spikes", type=int, default=60_000)
    parser.add_argument("--clusters", type=int, default=15)
    arguments = parser.parse_args()
    try:
        import spikeinterface
    except ImportError:
        print("SpikeInterface is not installed: pip install -r benchmarks/requirements.txt")
        return 1
    warnings.simplefilter("ignore")
    print(f"SpikeInterface {spikeinterface.__version__}")
    with tempfile.TemporaryDirectory() as folder:
        demo = make_demo(
            folder, n_spikes=arguments.spikes, n_clusters=arguments.clusters, duration=200.0
        )
        model = KwikModel(demo.kwik_path)
        rng = np.random.default_rng(0)
        clusters = np.asarray(model.spike_clusters).copy()
        moved = rng.random(len(clusters)) < 0.05
        clusters[moved] = rng.permutation(clusters[moved])
        raw = np.asarray(model.traces[:])[:, np.asarray(model.channel_order)]
        traces = np.asarray(model.filter.apply(raw), dtype=np.float32)
        print(
            f"{'metric':24s} {'difference':>11s}  {'both':>4s} {'one':>6s}   "
            "range of SpikeInterface's"
        )
        analyzer, theirs = other_metrics(model, clusters, traces)
        report(theirs, own_metrics(model, clusters, traces, analyzer))
        report(*isolation(model, clusters))
        model.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

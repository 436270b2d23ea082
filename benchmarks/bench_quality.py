"""Agreement of every quality metric with SpikeInterface's, on data simulated by SpikeInterface.

    python -m venv bench && bench/bin/pip install -e . -r benchmarks/requirements.txt
    bench/bin/python benchmarks/bench_quality.py [--set tetrode]

The five sets of `simulated.py` are opened as the program opens any, and the numbers are those of
its tables. SpikeInterface computes the same from the same raw data and spikes. For each metric
the largest difference over the clusters of enough spikes is printed, and on how many of them
only one of the two defines it. At last the smallest fifth of the spikes of each cluster is cut
away, for `amplitude_cutoff` to find. Exits with 1 where a difference is over its bar.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from simulated import AFTER_MS, BEFORE_MS, NOISE_CLUSTER, Plan, Spikes, plans, simulate

from phygui.curation.session import Session
from phygui.curation.statistics.amplitudes import channel_sizes, ruler_of, spike_amplitudes
from phygui.curation.statistics.isolation import isolation_channels
from phygui.curation.statistics.stats import compute_stats
from phygui.formats.kwik.shank import KwikShank

REFRACTORY_S = 0.002
"""The refractory period of the program's tables."""
ENOUGH_SPIKES = 500
CUT = 0.20
"""Share of the spikes of each cluster that is cut away: of its unit a little less, since the spikes
of other units that it holds are the smallest."""
CUT_BAR = 0.03
"""How far from it the mean of what is found may be, over the clusters of each set: of the thousand
spikes that a cluster has, chance alone puts a single one 0.04 away."""

N_BINS = 100
"""Of the histogram that SpikeInterface estimates the cutoff from."""

Values = dict[str, dict[int, float]]
"""By metric and cluster."""


@dataclass(frozen=True)
class Bar:
    """How far two values of a metric may be apart."""

    relative: float = 0.01
    absolute: float = 1e-9
    least_spikes: int = ENOUGH_SPIKES
    """Spikes of a cluster from which it counts."""
    of_noise: bool = True
    """Whether the cluster of detections where nothing was counts too. Its mean waveform is what
    remains of noise, and depends on which of its spikes are averaged."""

    def excess(self, ours: float, theirs: float) -> float:
        """The difference over what is allowed: above 1 it is too large."""
        return abs(ours - theirs) / (self.relative * abs(theirs) + self.absolute)


BARS: dict[str, Bar] = {
    "firing_rate": Bar(1e-6),
    "violation_rate": Bar(1e-6),
    "isi_violation_ratio": Bar(1e-6),
    "contamination_hill": Bar(1e-6),
    # SpikeInterface takes the refractory period in whole samples.
    "contamination_llobet": Bar(0.01),
    "presence_ratio": Bar(1e-6),
    # Nothing is cut away from what is simulated: how near to nothing is what matters.
    "amplitude_cutoff": Bar(0.01, absolute=0.03),
    "amplitude": Bar(0.01, of_noise=False),
    "noise": Bar(0.01),
    "snr": Bar(0.01, of_noise=False),
    "isolation_distance": Bar(0.01),
    "l_ratio": Bar(0.01, absolute=1e-6),
    "d_prime": Bar(0.01),
}
"""Every metric of the tables, and the noise of each channel; what is added there is added here, and
in `other_values`."""


# -- the program's values --------------------------------------------------------------------------


def own_values(session: Session) -> Values:
    """What the tables of the program show, NaN for a dash."""
    session.learn_all()
    found: Values = {}
    for cluster_id, metrics in session.metrics.items():
        for name, metric in metrics.items():
            found.setdefault(name, {})[int(cluster_id)] = metric.value
    found["amplitude"] = {int(c): of.amplitude or np.nan for c, of in session.stats.items()}
    source = session.knowledge.source(session.snapshot())
    found["noise"] = {k: source.noise(k) * g for k, g in enumerate(session.model.channel_gains)}
    return found


def own_cutoffs(session: Session) -> dict[int, float]:
    """What the program says is missing of clusters of which the smallest fifth was cut away."""
    snapshot, model, kept = session.snapshot(), session.model, {}
    for c, spikes in snapshot.spikes_per_cluster.items():
        sizes = spike_amplitudes(
            KwikShank(model), spikes, ruler_of(KwikShank(model), session.stats[c].summary)
        )
        kept[c] = spikes[sizes > np.quantile(sizes, CUT)]
    cut = replace(snapshot, spikes_per_cluster=kept, cluster_ids=())
    metrics = session.knowledge.source(snapshot).compute(cut, compute_stats(cut, kept))
    return {int(c): found["amplitude_cutoff"].value for c, found in metrics.items()}


# -- SpikeInterface's values -----------------------------------------------------------------------


def other_values(recording: Any, spikes: Spikes) -> tuple[Values, dict[int, float]]:
    """SpikeInterface's values of all but the metrics of feature space, and of what was cut."""
    import spikeinterface.full as si
    from spikeinterface.metrics.quality import (
        compute_amplitude_cutoffs,
        compute_isi_violations,
        compute_presence_ratios,
        compute_refrac_period_violations,
        compute_snrs,
    )
    from spikeinterface.metrics.quality.misc_metrics import amplitude_cutoff
    from spikeinterface.metrics.spiketrain.metrics import compute_firing_rates

    rate = recording.sampling_frequency
    of_shank = recording.select_channels(recording.channel_ids[spikes.channels])
    parts = [spikes.recordings == k for k in range(recording.get_num_segments())]
    sorting = si.NumpySorting.from_samples_and_labels(
        [spikes.samples[part] for part in parts], [spikes.clusters[part] for part in parts], rate
    )
    analyzer = si.create_sorting_analyzer(sorting, of_shank, sparse=False)
    # All of the recording and all of the spikes: chance plays no part in what is compared with.
    whole = {"num_chunks_per_segment": 100, "chunk_size": 20_000, "seed": 0}
    analyzer.compute("random_spikes", method="all")
    analyzer.compute("noise_levels", random_slices_kwargs=whole)
    analyzer.compute("templates", ms_before=BEFORE_MS, ms_after=AFTER_MS)
    analyzer.compute("spike_amplitudes")

    # Intervals are compared in seconds there: a limit between two samples keeps rounding out.
    limit = (np.ceil(REFRACTORY_S * rate - 1e-9) - 0.5) / rate
    isi = compute_isi_violations(analyzer, isi_threshold_ms=1000 * limit)
    n_spikes = sorting.count_num_spikes_per_unit()
    ratios = {c: v * limit / REFRACTORY_S for c, v in isi.isi_violations_ratio.items()}
    pairs = compute_refrac_period_violations(analyzer, refractory_period_ms=1000 * REFRACTORY_S)
    counts = isi.isi_violations_count
    # On the largest channel: the main one is chosen there by a few of the spikes.
    templates = analyzer.get_extension("templates").get_data()
    found = {
        "firing_rate": compute_firing_rates(analyzer),
        "violation_rate": {c: counts[c] / n_spikes[c] for c in counts},
        "isi_violation_ratio": ratios,
        # The exact solution of what the ratio is the first approximation of.
        "contamination_hill": {
            c: (1 - np.sqrt(1 - 4 * v)) / 2 if v <= 0.25 else np.nan for c, v in ratios.items()
        },
        "contamination_llobet": pairs.rp_contamination,
        "presence_ratio": compute_presence_ratios(analyzer),
        # With as many bins as its table of metrics has: 500 spikes are enough.
        "amplitude_cutoff": compute_amplitude_cutoffs(analyzer, num_histogram_bins=N_BINS),
        "amplitude": dict(zip(analyzer.unit_ids, np.abs(templates).max(axis=(1, 2)), strict=True)),
        "noise": dict(enumerate(analyzer.get_extension("noise_levels").get_data())),
        "snr": compute_snrs(analyzer),
    }
    amplitudes = analyzer.get_extension("spike_amplitudes").get_data(
        outputs="by_unit", concatenated=True
    )
    cut = {}
    for c, values in amplitudes.items():
        sizes = -values if np.median(values) < 0 else values
        cut[int(c)] = float(amplitude_cutoff(sizes[sizes > np.quantile(sizes, CUT)], N_BINS))
    return {name: {int(c): float(v) for c, v in of.items()} for name, of in found.items()}, cut


def isolation_of_others(session: Session) -> Values:
    """SpikeInterface's metrics of feature space, on the columns that the program goes by."""
    from spikeinterface.metrics.quality.pca_metrics import d_prime_metric, mahalanobis_metrics

    model, found = (
        session.model,
        {name: {} for name in ("isolation_distance", "l_ratio", "d_prime")},
    )
    clusters = np.asarray(session.spike_clusters)
    features = np.asarray(model.features[:]).astype(np.float64)
    n = model.n_features_per_channel
    for cluster_id in session.cluster_ids:
        sizes = channel_sizes(session.stats[cluster_id].summary, model)
        channels = isolation_channels(sizes)
        points = features[:, (channels[:, None] * n + np.arange(n)).ravel()]
        c = int(cluster_id)
        distance, ratio = mahalanobis_metrics(points, clusters, cluster_id)
        found["isolation_distance"][c], found["l_ratio"][c] = float(distance), float(ratio)
        found["d_prime"][c] = abs(float(d_prime_metric(points, clusters, cluster_id)))
    return found


# -- comparison ------------------------------------------------------------------------------------


def report(ours: Values, theirs: Values, n_spikes: dict[int, int]) -> list[str]:
    """Print the largest difference of each metric; returns the metrics over their bar."""
    over = []
    for name, bar in BARS.items():
        if name not in theirs:
            continue
        ids = sorted(theirs[name])
        if name != "noise":
            ids = [c for c in ids if n_spikes[c] >= bar.least_spikes]
            ids = [c for c in ids if bar.of_noise or c != NOISE_CLUSTER]
        a = np.array([theirs[name][c] for c in ids], dtype=np.float64)
        b = np.array([ours.get(name, {}).get(c, np.nan) for c in ids], dtype=np.float64)
        both = np.isfinite(a) & np.isfinite(b)
        alone = int(np.sum(np.isfinite(a) != np.isfinite(b)))
        excess = [bar.excess(y, x) for x, y in zip(a[both], b[both], strict=True)]
        difference = np.max(np.abs(a - b)[both], initial=0.0)
        relative = np.max(
            np.abs(a - b)[both] / np.maximum(np.abs(a[both]), max(bar.absolute, 1e-12)), initial=0.0
        )
        span = f"{a[both].min():.4g} to {a[both].max():.4g}" if both.any() else "nowhere defined"
        verdict = "OVER" if max(excess, default=0.0) > 1 else ""
        print(
            f"  {name:22s} {100 * relative:10.4f}% {difference:10.2g} {both.sum():5d} {alone:5d}"
            f"   {span:28s} {verdict}",
            flush=True,
        )
        if verdict:
            over.append(name)
    return over


def compare(plan: Plan, folder: Path) -> list[str]:
    """Compare one set; returns what is over its bar."""
    started = time.perf_counter()
    made = simulate(plan, folder)
    over: list[str] = []
    cutoffs: list[float] = []
    for shank, spikes in made.spikes.items():
        with Session.open(made.path, channel_group=shank, read_only=True) as session:
            n_spikes = {
                int(c): len(session.model.spikes_per_cluster[c]) for c in session.cluster_ids
            }
            print(
                f"{plan.name}, shank {shank}: {len(spikes.samples):,} spikes in {len(n_spikes)} "
                f"clusters, {len(spikes.channels)} channels",
                flush=True,
            )
            ours = own_values(session)
            theirs, their_cut = other_values(made.recording, spikes)
            theirs |= isolation_of_others(session)
            over += [f"{plan.name}: {name}" for name in report(ours, theirs, n_spikes)]
            own_cut = {c: v for c, v in own_cutoffs(session).items() if np.isfinite(v)}
            cutoffs += own_cut.values()
            print(
                f"  a fifth is cut away: {_summary(own_cut)} found; "
                f"{_summary({c: their_cut[c] for c in own_cut})} by SpikeInterface"
            )
    mean = float(np.mean(cutoffs))
    print(f"  a fifth cut away: {mean:.3f} found in the mean of the set's {len(cutoffs)} clusters")
    if abs(mean - CUT) > CUT_BAR:
        over.append(f"{plan.name}: amplitude_cutoff of a fifth cut away")
    print(f"  ({time.perf_counter() - started:.0f} s)", flush=True)
    return over


def _summary(values: dict[int, float]) -> str:
    found = np.array(list(values.values()))
    return f"{np.nanmean(found):.3f} ± {np.nanstd(found):.3f} in {len(found)} clusters"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, help="of the simulation, instead of its own")
    parser.add_argument("--set", action="append", help="only sets whose name begins like this")
    arguments = parser.parse_args()
    try:
        import spikeinterface
    except ImportError:
        print("SpikeInterface is not installed: pip install -r benchmarks/requirements.txt")
        return 1
    warnings.simplefilter("ignore")
    spikeinterface.set_global_job_kwargs(n_jobs=1, progress_bar=False)
    print(
        f"SpikeInterface {spikeinterface.__version__}; clusters of {ENOUGH_SPIKES} spikes and more"
    )
    columns = f"{'relative':>11s} {'absolute':>10s} {'both':>5s} {'one':>5s}   range there"
    print(f"  {'metric':22s} {columns}")
    over: list[str] = []
    for plan in plans():
        if arguments.set and not any(plan.name.startswith(name) for name in arguments.set):
            continue
        if arguments.seed is not None:
            plan = replace(plan, seed=arguments.seed)
        with tempfile.TemporaryDirectory() as folder:
            over += compare(plan, Path(folder))
    if over:
        print("over the bar: " + "; ".join(over))
    return bool(over)


if __name__ == "__main__":
    sys.exit(main())

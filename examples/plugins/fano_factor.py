"""A metric: how much more, or less, the spike count varies than that of a Poisson process."""

import numpy as np

from phygui.analysis import ClusterData, Metric, MetricSpec, undefined

PHYGUI_API = 1
__version__ = "1.0"
BIN_S = 1.0
FEWEST_BINS = 10


def fano_factor(data: ClusterData) -> Metric:
    """Variance over mean of the number of spikes in bins of one second."""
    times = data.recorded_samples / data.sample_rate  # seconds of recorded time
    n_bins = int(data.duration / BIN_S)
    if n_bins < FEWEST_BINS:
        return undefined(f"the recording is shorter than {FEWEST_BINS * BIN_S:g} s")
    counts, _ = np.histogram(times - times[0], n_bins, (0.0, n_bins * BIN_S))
    return Metric(float(counts.var() / counts.mean()))


PLUGIN = MetricSpec(
    name="fano_factor",
    title="fano",
    label="Fano factor",
    help="variance over mean of the spike counts in bins of 1 s; 1 for a Poisson process",
    function=fano_factor,
    needs=frozenset({"recorded_samples"}),
    source="Fano (1947), Ionization yield of radiations, Physical Review 72(1), 26-29.",
    is_hidden=False,
)

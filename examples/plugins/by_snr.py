"""A ranking: clusters that are large and have many spikes come first."""

import math

from phygui.curation import RankingSpec

PHYGUI_API = 1
__version__ = "1.0"
ENOUGH_SPIKES = 1000


def quality(stats, metrics):
    """The signal-to-noise ratio, weighed down where there are few spikes.

    Metrics are there once they are computed; until then, the size of the cluster stands for them.
    """
    snr, n_spikes = metrics.get("snr"), stats.summary.n_spikes
    size = snr.value if snr is not None and snr.is_defined else stats.size
    return size * math.sqrt(min(n_spikes / ENOUGH_SPIKES, 1.0))


PLUGIN = RankingSpec(
    kind="quality",
    name="by_snr",
    help=f"signal-to-noise ratio, less for clusters of fewer than {ENOUGH_SPIKES} spikes",
    function=quality,
)

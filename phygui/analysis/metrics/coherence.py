"""Whether the spikes of a cluster look like one another at all, as false detections do not.

Sources
-------
.. [Mardia] Mardia, K. V., Jupp, P. E. (2000). Directional Statistics. Wiley, Chichester: the mean
   resultant length.
.. [Rossant] Rossant, C. et al. (2016). Spike sorting for large, dense electrode arrays. Nature
   Neuroscience 19(4), 634-641: the masks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .metric import Metric, undefined
from .sources import MARDIA
from .spec import ClusterData, MetricSpec

__all__ = ["MIN_SEEN", "coherence"]

MIN_SEEN = 10
"""Spikes that are seen near the best channel below which chance would decide."""
LEAST_SEEN = 0.5
"""Share of the spikes that are seen there, at least: else the seen ones are the exceptions."""


def coherence(masked_features: ArrayLike) -> Metric:
    """Mean cosine of the angle between the masked features of two spikes.

    1 where all spikes are alike but for their size, 0 where they have nothing in common. It is
    the squared mean resultant length of their directions [Mardia]_, less what it is by chance:
    the pairs of a spike with itself do not count.

    Parameters
    ----------
    masked_features : array (n_spikes, n_columns)
        Features times masks [Rossant]_ of a sample of the spikes, on the channels near the best
        one. Spikes that are masked on all of them do not count: on a large probe, a larger spike
        that fired elsewhere at the same time hides what there is of this one.
        Where most are masked, those that are seen are the ones that collided with spikes of
        others: so it is with units that a sorter finds by templates, too small for the masks.

    Returns
    -------
    Metric
        At most 1; slightly below 0 by chance. Undefined where fewer than `MIN_SEEN` spikes, or
        less than a `LEAST_SEEN` share of them, are seen.
    """
    found = np.nan_to_num(np.asarray(masked_features, np.float64), posinf=0.0, neginf=0.0)
    lengths = np.linalg.norm(found, axis=1)
    seen = lengths > 0
    n = int(seen.sum())
    if n < MIN_SEEN:
        return undefined(f"fewer than {MIN_SEEN} spikes are seen near the best channel")
    if n < LEAST_SEEN * len(found):
        return undefined("most of its spikes are masked near the best channel")
    resultant = (found[seen] / lengths[seen, None]).sum(axis=0)
    return Metric(float((resultant @ resultant - n) / (n * (n - 1))))


def _coherence(data: ClusterData) -> Metric:
    assert data.masked_features is not None
    return coherence(data.masked_features)


METRICS = (
    MetricSpec(
        name="coherence",
        title="coh.",
        label="coherence",
        help="coherence: whether the spikes look alike, 0 as false detections to 1",
        function=_coherence,
        needs=frozenset({"masked_features"}),
        form=".2f",
        source=MARDIA,
        better="higher",
        family="signal",
        order=15,
    ),
)

"""What a sorter's templates tell of the shape of some spikes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from phygui.dataset.protocol import ShankData

_MOST_TEMPLATES = 32
"""Of a cluster that was merged of more, the most frequent ones count."""


def mean_template(shank: ShankData, spike_ids: NDArray[np.int64]) -> NDArray[np.float32] | None:
    """The mean of the templates that some spikes were found with, in raw units.

    Parameters
    ----------
    shank : ShankData
    spike_ids : (n,) int64

    Returns
    -------
    (n_samples, n_channels) float32
        None where there are no templates, or none of these spikes.
    """
    if shank.templates is None or shank.spike_templates is None or not len(spike_ids):
        return None
    found, counts = np.unique(shank.spike_templates[spike_ids], return_counts=True)
    order = np.argsort(-counts, kind="stable")[:_MOST_TEMPLATES]
    shapes = {t: counts[i] for i in order if (t := int(found[i])) in shank.templates}
    if not shapes:
        return None
    mean = np.average([shank.templates[t] for t in shapes], axis=0, weights=[*shapes.values()])
    return mean.astype(np.float32)

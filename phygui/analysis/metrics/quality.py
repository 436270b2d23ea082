"""All quality metrics of one cluster, from whatever is known of it."""

from __future__ import annotations

from dataclasses import replace

from .._inputs import check_rate
from ..trains import REFRACTORY_PERIOD
from .isolation import Isolation
from .metric import Metric
from .registry import metrics
from .spec import ClusterData

__all__ = ["quality_metrics"]


def quality_metrics(
    data: ClusterData,
    sample_rate: float,
    duration: float,
    *,
    refractory: float = REFRACTORY_PERIOD,
    censored: float = 0.0,
) -> dict[str, Metric]:
    """Every metric of a cluster, by name; `docs/quality-metrics.md` says what each means.

    Parameters
    ----------
    data : ClusterData
    sample_rate : float
        In hertz.
    duration : float
        Of the whole recording, in seconds.
    refractory, censored : float
        Refractory period and dead time of the detection, in seconds, for all metrics that have
        to do with them.

    Returns
    -------
    dict of str to Metric
    """
    check_rate(sample_rate)
    isolation = data.isolation
    if isolation is None and data.features is not None and data.other_features is not None:
        isolation = Isolation(data.features)
        isolation.add(data.other_features)
    data = replace(
        data,
        isolation=isolation,
        sample_rate=sample_rate,
        duration=duration,
        refractory=refractory,
        censored=censored,
    )
    return {spec.name: spec.measure(data) for spec in metrics()}

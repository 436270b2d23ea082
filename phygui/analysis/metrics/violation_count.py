"""How many refractory violations a cluster has: a few are a matter of chance, whatever the rate."""

from __future__ import annotations

from ..trains import REFRACTORY_PERIOD, refractory_violations
from .metric import NO_SPIKES, Metric, undefined
from .spec import ClusterData, MetricSpec


def _n_violations(data: ClusterData) -> Metric:
    assert data.spike_samples is not None
    if not len(data.spike_samples):
        return undefined(NO_SPIKES)
    found = refractory_violations(
        data.spike_samples, data.sample_rate, data.refractory, data.censored
    )
    return Metric(float(len(found.pairs)))


METRICS = (
    MetricSpec(
        name="n_violations",
        title="n viol.",
        label="number of violations",
        help="number of spikes that follow another within "
        f"{1000 * REFRACTORY_PERIOD:g} ms; in a cluster of few spikes one or two mean nothing",
        function=_n_violations,
        form=".0f",
        better="lower",
        family="contamination",
        order=22,
        # The merge preview tells what share they are.
        is_in_preview=False,
    ),
)

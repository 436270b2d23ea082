"""The metrics that tell how far a cluster is from the other spikes in feature space."""

from __future__ import annotations

from collections.abc import Callable

from .isolation import Isolation
from .metric import Metric
from .sources import HILL, SCHMITZER
from .spec import ClusterData, MetricSpec


def _of_isolation(function: Callable[[Isolation], Metric]) -> Callable[[ClusterData], Metric]:
    """A number that isolation tells, as one of what is known of a cluster."""

    def measured(data: ClusterData) -> Metric:
        assert data.isolation is not None
        return function(data.isolation)

    return measured


METRICS = (
    MetricSpec(
        name="isolation_distance",
        title="iso.",
        label="isolation distance",
        help="isolation distance",
        function=_of_isolation(Isolation.isolation_distance),
        needs=frozenset({"isolation"}),
        form=".1f",
        source=SCHMITZER,
        better="higher",
        family="isolation",
        order=50,
    ),
    MetricSpec(
        name="l_ratio",
        title="L-ratio",
        label="L-ratio",
        help="L-ratio",
        function=_of_isolation(Isolation.l_ratio),
        needs=frozenset({"isolation"}),
        form=".3f",
        source=SCHMITZER,
        better="lower",
        family="isolation",
        order=60,
    ),
    MetricSpec(
        name="d_prime",
        title="d'",
        label="d-prime",
        help="d-prime against all other spikes",
        function=_of_isolation(Isolation.d_prime),
        needs=frozenset({"isolation"}),
        form=".1f",
        source=HILL,
        better="higher",
        family="isolation",
        order=70,
    ),
)

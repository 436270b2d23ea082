"""The cluster scatter view: all clusters by any two of their metrics."""

from phygui.views.spec import ViewSpec

SPEC = ViewSpec(
    name="scatter",
    title="Cluster scatter",
    help="all clusters by any two of their metrics",
    view="phygui.views.cluster_scatter.view:ClusterScatterView",
    order=110,
)

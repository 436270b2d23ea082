"""The cluster scatter view: all clusters by any two of what is known of them."""

from phygui.views.spec import ViewSpec

SPEC = ViewSpec(
    name="scatter",
    title="Cluster scatter",
    help="all clusters by any two of what is known of them",
    view="phygui.views.cluster_scatter.view:ClusterScatterView",
    order=110,
)

"""The feature view: the spikes of the selected clusters by any two features, or over time."""

from phygui.views.spec import ViewSpec

SPEC = ViewSpec(
    name="features",
    title="Features",
    help="the spikes of the selected clusters by any two features, or over time",
    view="phygui.views.feature.view:FeatureView",
    needs=("features",),
    order=10,
)

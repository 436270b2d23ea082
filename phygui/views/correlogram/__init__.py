"""The correlogram view: how clusters fire around their own spikes and those of each other."""

from phygui.views.spec import ViewSpec

SPEC = ViewSpec(
    name="correlograms",
    title="Correlograms",
    help="how the selected clusters fire around their own spikes and each other's",
    view="phygui.views.correlogram.view:CorrelogramView",
    order=40,
)

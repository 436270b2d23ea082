"""The rate view: how often the selected clusters fire over the recording."""

from phygui.views.spec import ViewSpec

SPEC = ViewSpec(
    name="rates",
    title="Firing rates",
    help="how often the selected clusters fire over the recording",
    view="phygui.views.rate.view:RateView",
    order=70,
)

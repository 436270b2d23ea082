"""The view of intervals: the time from each spike to the next one of its cluster."""

from phygui.views.spec import ViewSpec

SPEC = ViewSpec(
    name="intervals",
    title="Intervals",
    help="the time from each spike to the next one of its cluster",
    view="phygui.views.isi.view:IsiView",
    order=60,
)

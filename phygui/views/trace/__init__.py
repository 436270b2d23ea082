"""The trace view: the recording, with the spikes of the selected clusters in it."""

from phygui.views.spec import ViewSpec

SPEC = ViewSpec(
    name="traces",
    title="Traces",
    help="the recording, with the spikes of the selected clusters in it",
    view="phygui.views.trace.view:TraceView",
    needs=("traces",),
    order=30,
)

"""The template view: the shape of every cluster where it is on the probe."""

from phygui.views.spec import ViewSpec

SPEC = ViewSpec(
    name="templates",
    title="Templates",
    help="the mean waveform of every cluster, or its template, where it is on the probe",
    view="phygui.views.template.view:TemplateView",
    needs=("traces",),
    order=105,
)

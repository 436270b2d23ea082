"""The probe view: where on the probe the channels and the clusters are."""

from phygui.views.spec import ViewSpec

SPEC = ViewSpec(
    name="probe",
    title="Probe",
    help="where on the probe the channels and the clusters are",
    view="phygui.views.probe.view:ProbeView",
    order=100,
)

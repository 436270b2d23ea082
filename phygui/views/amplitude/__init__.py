"""The amplitude view: the size of each spike over time."""

from phygui.views.spec import ViewSpec

SPEC = ViewSpec(
    name="amplitudes",
    title="Amplitudes",
    help="the size of each spike over time",
    view="phygui.views.amplitude.view:AmplitudeView",
    needs=("traces", "features"),
    order=50,
)

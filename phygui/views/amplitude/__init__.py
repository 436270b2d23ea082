"""The amplitude view: the size of each spike over time."""

from phygui.views.spec import FEW, ViewSpec

SPEC = ViewSpec(
    name="amplitudes",
    title="Amplitudes",
    help="the size of each spike over time",
    view="phygui.views.amplitude.view:AmplitudeView",
    needs=("traces", "features"),
    order=50,
    at_first={"n_spikes": FEW},
)

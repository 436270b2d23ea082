"""The drift map: where on the probe every spike is, over time."""

from phygui.views.spec import FEW, ViewSpec

SPEC = ViewSpec(
    name="drift",
    title="Drift map",
    help="where on the probe the spikes are over time, those of all clusters in grey",
    view="phygui.views.drift.view:DriftView",
    needs=("features",),
    order=55,
    at_first={"n_spikes": FEW},
)

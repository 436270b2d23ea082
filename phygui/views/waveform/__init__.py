"""The waveform view: waveforms of the selected clusters where their channels are on the probe."""

from phygui.views.spec import ViewSpec

SPEC = ViewSpec(
    name="waveforms",
    title="Waveforms",
    help="waveforms of the selected clusters where their channels are on the probe",
    view="phygui.views.waveform.view:WaveformView",
    needs=("traces",),
    order=20,
)

"""Views: one file each, the data it needs from a session and how that is drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from phygui.views.core.base import View

_CLASSES = {
    "features": "feature.view:FeatureView",
    "waveforms": "waveform.view:WaveformView",
    "traces": "trace.view:TraceView",
    "correlograms": "correlogram.view:CorrelogramView",
    "amplitudes": "amplitude:AmplitudeView",
    "intervals": "isi:IsiView",
    "rates": "rate:RateView",
    "events": "peth:PethView",
    "raster": "raster:RasterView",
    "probe": "probe:ProbeView",
    "scatter": "cluster_scatter:ClusterScatterView",
    "matrix": "similarity:SimilarityView",
}

TITLES = {
    "features": "Features",
    "waveforms": "Waveforms",
    "traces": "Traces",
    "correlograms": "Correlograms",
    "amplitudes": "Amplitudes",
    "intervals": "Intervals",
    "rates": "Firing rates",
    "events": "Events",
    "raster": "Raster",
    "probe": "Probe",
    "scatter": "Cluster scatter",
    "matrix": "Similarity matrix",
}
"""What menus and docks call the views; known without importing any."""


class _Views(Mapping[str, "type[View]"]):
    """Classes of the views by name, each imported when it is first asked for."""

    def __getitem__(self, name: str) -> type[View]:
        module, _, cls = _CLASSES[name].partition(":")
        return getattr(import_module(f"phygui.views.{module}"), cls)

    def __iter__(self) -> Iterator[str]:
        return iter(_CLASSES)

    def __len__(self) -> int:
        return len(_CLASSES)


VIEWS: Mapping[str, type[View]] = _Views()

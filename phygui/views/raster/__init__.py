"""The raster view: when each cluster fires over the recording."""

from phygui.views.spec import ViewSpec

SPEC = ViewSpec(
    name="raster",
    title="Raster",
    help="when each cluster fires over the recording",
    view="phygui.views.raster.view:RasterView",
    order=90,
)

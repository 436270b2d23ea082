"""The event view: how the selected clusters fire around stimulus events."""

from phygui.views.spec import ViewSpec

SPEC = ViewSpec(
    name="events",
    title="Events",
    help="how the selected clusters fire around stimulus events",
    view="phygui.views.peth.view:PethView",
    needs=("events",),
    order=80,
)

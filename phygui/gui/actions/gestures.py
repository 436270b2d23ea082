"""What the mouse does in the views, for the list of keys and the documentation."""

from __future__ import annotations

GESTURES = (
    ("drag", "move the view"),
    ("wheel, right-drag", "zoom"),
    ("double-click, R", "show all of the view again"),
    ("Ctrl+wheel", "scale the data"),
    ("Shift+drag along an axis of time", "show nothing but this range of time, everywhere"),
    ("Alt+wheel", "change the marker size; in the traces, move in time"),
    ("Ctrl+click in a scatter plot", "add a point to the lasso"),
    ("Ctrl+drag in a scatter plot", "draw a lasso that is a rectangle"),
    ("Ctrl+right-click in a scatter plot", "close the lasso; once more clears it"),
    (
        "Ctrl+click on a channel of the waveforms",
        "put it on the x axis of the features; again to take it off",
    ),
    ("Ctrl+right-click on a channel of the waveforms", "the same for the y axis"),
    ("Ctrl+click on a spike of the traces", "select its cluster"),
    ("Ctrl+click on a shape of the templates", "select its cluster"),
    ("Ctrl+click on a cross-correlogram", "select the two clusters"),
)

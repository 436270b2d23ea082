"""Rankings that take other packages, found through the entry points of `phygui.rankings`."""

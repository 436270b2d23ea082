"""Icons, palettes, layouts and other data files, installed as ``phygui.resources``."""

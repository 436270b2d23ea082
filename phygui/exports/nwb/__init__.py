"""Units as Neurodata Without Borders has them, written by pynwb."""

"""The range of time that a window is restricted to."""

"""Compiled functions are ready before they are needed; what numba does not document is here."""

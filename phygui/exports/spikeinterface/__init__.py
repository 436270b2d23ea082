"""Sortings and curations as SpikeInterface stores them, written without it."""

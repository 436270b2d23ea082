"""Sorting analyzers of SpikeInterface, and its curation files."""

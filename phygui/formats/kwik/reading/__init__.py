"""Reads the parts of a .kwik file: recordings, probe, spikes, clusters, events."""

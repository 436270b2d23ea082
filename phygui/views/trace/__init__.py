"""The trace view: raw data over time, with the spikes in it."""

"""Clusters that may be several units, and proposals of parts of any."""

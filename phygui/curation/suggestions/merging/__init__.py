"""Pairs of clusters that may be one unit, and the evidence for it."""

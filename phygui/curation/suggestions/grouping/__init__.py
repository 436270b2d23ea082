"""Clusters that may be noise or multi-unit activity, by rules that the user writes."""

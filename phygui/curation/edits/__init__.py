"""Edits of a clustering and their history: merge, split, cluster groups, labels."""

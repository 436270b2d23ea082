"""Formats that hold tables and arrays: one row a cluster, or one a spike."""

"""Bytes on a disk, whatever the format: lazy arrays, and the state kept beside a dataset."""

"""Writes clusterings and metadata into a .kwik file."""

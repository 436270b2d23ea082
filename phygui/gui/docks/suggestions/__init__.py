"""Docks that list what is suggested, and show what it would look like."""

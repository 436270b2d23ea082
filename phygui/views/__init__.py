"""Views: one file each, the data it needs from a session and how that is drawn."""

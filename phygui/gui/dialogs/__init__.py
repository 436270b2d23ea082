"""Dialogs: settings of a view, pictures, saved states, shortcuts."""

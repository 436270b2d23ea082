"""The main window and its parts: layout, saving, switching, and work in the background."""

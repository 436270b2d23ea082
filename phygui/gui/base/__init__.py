"""What all of the window stands on: theme, settings, work in threads, OpenGL."""

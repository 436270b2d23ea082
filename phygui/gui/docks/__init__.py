"""What the docks of the window show, except the views themselves."""

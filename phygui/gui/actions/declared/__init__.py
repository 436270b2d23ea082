"""The actions, one file a menu; the order in a file is that of the menu."""

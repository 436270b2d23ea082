"""The same keys in phygui and in phy, each in a process of its own."""

"""Folders of phy: what phylib, phy's template GUI, SpikeInterface and this program open."""

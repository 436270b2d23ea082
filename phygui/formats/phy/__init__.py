"""Folders of arrays as phy, Kilosort and SpikeInterface's `export_to_phy` write them."""

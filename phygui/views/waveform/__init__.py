"""The waveform view: waveforms of the selected clusters on the probe."""

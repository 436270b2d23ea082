"""Arrays on disk that read only what is asked for: traces, waveforms, the band-pass filter."""

"""The correlogram view: lags between the spikes of the selected clusters."""

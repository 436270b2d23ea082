"""Which spikes are of one unit: summaries of clusters, their similarity, merges and splits."""

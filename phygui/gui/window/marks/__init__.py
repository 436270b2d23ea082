"""What the user says of clusters: groups beyond the four, colours, notes."""

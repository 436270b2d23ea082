"""What is computed of clusters, how they rank by it, and what is kept of it on the disk."""

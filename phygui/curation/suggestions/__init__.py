"""What a curator might do next, and why: pairs to merge."""

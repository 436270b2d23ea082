"""What keeps edits safe: the journal, recovery after a crash, saving."""

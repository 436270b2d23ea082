"""A range of time, within which everything is looked at; edits take whole clusters all the same."""

"""The window of an archive: a table of its datasets, and what is done with many of them."""

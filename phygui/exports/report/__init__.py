"""A curation as one page for people: to be read, printed and kept with the data."""

"""Files: Kwik datasets read and written, raw data, the journal, the demo dataset."""

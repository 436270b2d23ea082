"""The Kwik format: .kwik, .kwx and .raw.kwd files of the klusta suite."""

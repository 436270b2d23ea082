"""Arrays that cost much to read where they lie: unpacked once, piece by piece, and kept."""

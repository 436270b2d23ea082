"""Data that several views load, without a line of drawing."""

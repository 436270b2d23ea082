"""The bars at the sizes that are recorded today, a module for each part of the program."""

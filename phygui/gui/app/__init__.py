"""The program around its windows: start, recent files, and what happens after a crash."""

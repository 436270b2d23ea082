"""The first steps: cards over the window that say what to press, and notice that it was done."""

"""Several clusters at once: the most similar ones selected, rows sent over, one in focus."""

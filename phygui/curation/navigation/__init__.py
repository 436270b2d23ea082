"""Which cluster is next: the wizard, and the row filter."""

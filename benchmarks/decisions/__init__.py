"""What the suggestions are worth, by datasets of which the truth is known."""

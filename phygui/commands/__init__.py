"""Commands of ``phygui`` that are more than a few lines; nothing heavy is imported with them."""

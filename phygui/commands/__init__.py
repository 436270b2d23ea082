"""Commands of ``phygui``, each in a module; nothing heavy is imported with them."""

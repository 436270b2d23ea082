"""``python -m phygui`` is ``phy-gui``."""

from phygui.cli import gui

if __name__ == "__main__":
    gui()

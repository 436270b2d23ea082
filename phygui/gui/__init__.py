"""The Qt shell: main window, docks, tables, actions, dialogs."""

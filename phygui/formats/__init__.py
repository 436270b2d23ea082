"""The file formats that phygui opens, one folder each, behind `phygui.dataset`."""

"""What keys and menus do: actions, their keys, the command line and its commands."""

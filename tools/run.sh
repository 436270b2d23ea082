#!/bin/sh
# Open the window on the demo; without a display, write a screenshot of it instead.
# usage: run.sh PHY-GUI
set -eu
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] || [ "$(uname)" != Linux ]; then
    exec "$1" --demo
fi
mkdir -p screenshots
picture=$PWD/screenshots/demo.png
sh "$(dirname "$0")/on-a-screen.sh" "$1" --demo --reset-layout --screenshot "$picture"
echo "There is no display; the window's picture is in $picture"

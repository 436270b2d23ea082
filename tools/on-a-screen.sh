#!/bin/sh
# Run a command on a virtual screen, so that it neither needs nor disturbs a real one.
set -eu
if command -v xvfb-run >/dev/null 2>&1; then
    exec xvfb-run --auto-servernum --server-args '-screen 0 1920x1080x24' "$@"
fi
if [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] && [ "$(uname)" = Linux ]; then
    echo "There is no display, and no xvfb-run to make a virtual one." >&2
    exit 1
fi
exec "$@"

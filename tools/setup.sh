#!/bin/sh
# Install what is missing: Debian packages where apt is there and the user may, then a virtual
# environment with the project in it.  usage: setup.sh PYTHON VENV REQUIREMENT
set -eu
python=$1 venv=$2 requirement=$3

# Qt's xcb plugin and OpenGL want these; xvfb is the screen of a machine that has none.
packages="xvfb xauth libgl1 libegl1 libglib2.0-0 libdbus-1-3 libfontconfig1 fonts-dejavu-core
libxkbcommon-x11-0 libx11-xcb1 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0
libxcb-render-util0 libxcb-shape0 libxcb-xinerama0"

is_installed() {
    dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'
}

if command -v apt-get >/dev/null 2>&1; then
    # Newer releases call glib by another name; either will do.
    if ! is_installed libglib2.0-0 && is_installed libglib2.0-0t64; then
        packages=$(echo "$packages" | sed 's/libglib2.0-0 /libglib2.0-0t64 /')
    fi
    "$python" -c 'import ensurepip, venv' 2>/dev/null || packages="$packages python3-venv"
    missing=
    for package in $packages; do
        is_installed "$package" || missing="$missing $package"
    done
    if [ -n "$missing" ]; then
        if [ "$(id -u)" = 0 ]; then
            as_root=
        elif command -v sudo >/dev/null 2>&1 && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
            as_root=sudo
        else
            as_root=none
        fi
        if [ "$as_root" = none ]; then
            echo "Not installed, for want of the right to:$missing" >&2
            echo "If the window does not open, ask an administrator for these packages." >&2
        else
            echo "Installing:$missing"
            $as_root apt-get update -qq
            # shellcheck disable=SC2086
            $as_root env DEBIAN_FRONTEND=noninteractive \
                apt-get install -y -qq --no-install-recommends $missing >/dev/null
        fi
    fi
fi

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || {
    echo "phygui needs Python 3.10 or newer; '$python' is $("$python" -V 2>&1)." >&2
    echo "Name another one: make PYTHON=python3.12" >&2
    exit 1
}
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
echo "Installing phygui into $venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=23' 'setuptools>=64'
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable "$requirement"

#!/bin/sh
# Makes sure that the programs named on the command line are there: `system_packages.sh chromium emcc mcs`.
# Installs what is missing with apt-get (as root, or by sudo); where it cannot, it says what is missing and how to get it.
set -eu

present() {
    case $1 in
        chromium) command -v chromium || command -v chromium-browser || command -v google-chrome ;;
        python-venv) python3 -c 'import ensurepip, venv' ;;
        libc-headers) echo '#include <stdio.h>' | cc -E - ;;
        *) command -v "$1" ;;
    esac >/dev/null 2>&1
}

debian_name() {
    case $1 in
        chromium) echo chromium ;;
        emcc) echo emscripten ;;
        mcs) echo mono-mcs ;;
        mono) echo mono-runtime ;;
        node) echo nodejs ;;
        npm) echo npm ;;
        cc) echo gcc ;;
        libc-headers) echo libc6-dev ;;
        python-venv) echo python3-venv ;;
        *) echo "$1" ;;
    esac
}

missing=
for program in "$@"; do
    present "$program" || missing="$missing $(debian_name "$program")"
done
[ -n "$missing" ] || exit 0

by_hand() {
    echo "error: $1" >&2
    echo "  missing Debian packages:$missing" >&2
    echo "  next: install them, for example by: sudo apt-get install --no-install-recommends$missing" >&2
    echo "        elsewhere: Chromium by 'playwright install chromium', Emscripten by its SDK (emsdk), Mono from mono-project.com" >&2
    exit 1
}

command -v apt-get >/dev/null 2>&1 || by_hand "this system has no apt-get, so nothing was installed."
if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1; then
    as_root=sudo
else
    by_hand "installing needs root or sudo."
fi

echo "Installing Debian packages:$missing" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086  # a list of words on purpose
if ! { $as_root apt-get update && $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install --yes --no-install-recommends $missing; } >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    by_hand "apt-get failed."
fi
for program in "$@"; do
    present "$program" || by_hand "$program is still not there after the installation."
done

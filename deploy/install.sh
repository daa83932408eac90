#!/bin/sh
# The steps of deploy/Containerfile, each by its name, on Debian, as root:
#   system    Debian's packages, the user, the cache folder
#   packages  a virtual environment with the app's packages; TORCH_INDEX names another index for torch
#   app       the app's files in /app, compiled, readable by all and written by none
# Each can be repeated.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv=/opt/basewise

system() {
    export DEBIAN_FRONTEND=noninteractive
    packages="python3 python3-venv ca-certificates"
    [ "${NPM:-1}" = 0 ] || packages="$packages npm"
    apt-get update -qq
    # shellcheck disable=SC2086
    apt-get install -y -qq --no-install-recommends $packages
    rm -rf /var/lib/apt/lists/*
    getent passwd basewise >/dev/null || useradd --uid 1000 --user-group \
        --home-dir /cache --no-create-home --shell /usr/sbin/nologin basewise
    install -d -o basewise -g basewise -m 0750 /cache
}

packages() {
    [ -x "$venv/bin/python" ] || python3 -m venv "$venv"
    pip="$venv/bin/python -m pip install --quiet --no-cache-dir --disable-pip-version-check"
    if [ -n "${TORCH_INDEX:-}" ]; then
        $pip --index-url "$TORCH_INDEX" "$(grep -o '^torch==[0-9.]*' "$here/requirements.txt")"
    fi
    $pip -r "$here/requirements.txt" -c "$here/constraints.txt"
}

app() {
    chown -R root:root /app
    chmod -R u=rwX,go=rX /app
    chmod 0755 /app/deploy/*.sh
    "$venv/bin/python" -m compileall -q /app
}

case "${1:-}" in
system | packages | app) "$1" ;;
*) echo "install.sh system|packages|app" >&2 && exit 2 ;;
esac

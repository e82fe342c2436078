#!/usr/bin/env bash
# set-up.sh run|check|test|bench: on NixOS, fill NIXIE_HOME from flake.nix.
#
# Runs inside `nix develop` (the Makefile does that).  The same layout as on Debian: Python, Nix and
# loaders are links into the store, program and browser files are copies.
set -euo pipefail
checkout=$(realpath "$(dirname "$(realpath "$0")")/../..")
home=${NIXIE_HOME:-/opt/nixie}

say() { printf 'set-up: %s\n' "$*"; }

[ -n "${NIXIE_LOADERS:-}" ] || { say "run this inside nix develop, or just use make"; exit 1; }
umask 022
mkdir -p "$home/venv/bin" "$home/nix/usr" "$home/loaders" "$home/.done"
ln -sfn "$(command -v python3)" "$home/venv/bin/python"
ln -sfn "$(dirname "$(realpath "$(command -v nix)")")" "$home/nix/usr/bin"
ln -sfn "$NIXIE_LOADERS" "$home/loaders/$NIXIE_LOADERS_VERSION"

sum=$(sha256sum < "$checkout/package-lock.json")
if [ "$(cat "$home/.done/browser" 2> /dev/null)" != "$sum" ]; then
    say "installing htmx and its event-stream extension"
    work=$(mktemp -d)
    cp "$checkout"/package{,-lock}.json "$checkout/.npmrc" "$work"
    (cd "$work" && npm ci --silent --ignore-scripts)
    mkdir -p "$home/browser"
    cp "$work/node_modules/htmx.org/dist/htmx.min.js" "$work/node_modules/htmx-ext-sse/sse.js" "$home/browser/"
    rm -rf "$work"
    printf '%s' "$sum" > "$home/.done/browser"
fi

say "installing the program in $home/program"
rm -rf "$home/program"
mkdir -p "$home/program"
cp -r "$checkout"/{appliance,services,webui,hardware} "$home/program/"
chmod -R a+rX,u+w "$home/program" "$home/browser"
cat > "$home/nixie" << EOF
#!/bin/sh
# The command line of the installed program.
PYTHONPATH=$home/program exec "$home/venv/bin/python" -P -m appliance "\$@"
EOF
chmod 755 "$home/nixie"
if [ ! -d "$home/sample" ]; then
    say "putting the sample flake together"
    PYTHONPATH=$home/program "$home/venv/bin/python" -m services.lab.sample.assemble \
        "$home/sample" "$NIXIE_SAMPLE_PARTS" "$NIXIE_SAMPLE_PARTS"
    chmod -R a+rX "$home/sample"
fi
say "ready"

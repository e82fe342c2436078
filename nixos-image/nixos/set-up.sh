#!/usr/bin/env bash
# set-up.sh run: on NixOS, fill NIXIE_HOME (default /opt/nixie) from flake.nix.
#
# The same layout as on Debian: Python, Nix and loaders are links into the store, held there by
# NIXIE_HOME/packages; program and browser files are copies.  Does nothing the second time.  Needs root.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
checkout=$(realpath "$here/../..")
home=${NIXIE_HOME:-/opt/nixie}
# shellcheck source=../home.sh
source "$here/../home.sh"

[ "$(id -u)" = 0 ] || { say "needs root: run it with sudo"; exit 1; }
if [ "${1:-run}" != run ]; then
    say "on NixOS there is make run; the tests need packages that Nixpkgs does not have (import-linter): run them on Debian 12"
    exit 2
fi
umask 022
mkdir -p "$home/.done"

# A copy, because Nix reads no repository that belongs to somebody else.
packages() {
    local work
    say "building or fetching the packages that flake.nix names"
    work=$(mktemp -d)
    mkdir "$work/nixos-image"
    cp "$checkout"/flake.* "$work"
    cp -r "$checkout"/nixos-image/{nixos,python.nix} "$work/nixos-image"
    nix --extra-experimental-features 'nix-command flakes' build --no-write-lock-file \
        --out-link "$home/packages" "path:$work#home"
    rm -rf "$work"
}
once "$home/.done" ../packages/venv/bin/python "$here/home.nix" "$here/../python.nix" "$checkout"/flake.* -- packages
for name in venv nix loaders makers daemons; do ln -sfn "$home/packages/$name" "$home/$name"; done

install -m 755 "$here/inside.sh" "$home/inside"
launcher "$home/inside" "$home/packages"

export PATH=$home/packages/usr/bin:$PATH
once "$home/browser" htmx.min.js "$checkout/package-lock.json" -- browser_files
installed "$home/packages/parts" "$home/packages/parts"
say "ready"

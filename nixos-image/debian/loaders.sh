#!/usr/bin/env bash
# loaders.sh DEST [SUITE]: the iPXE loaders, one folder per package version below DEST.
#
# The system's own suite (Debian 12: of 2019) and the newer, architecture-independent package.
# Packages are unpacked, never installed.  Nothing happens while every folder is there.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
# shellcheck source=newer-suite.sh
source "$here/newer-suite.sh"

dest=$(realpath -m "$1")
suite=${2:-trixie}
stamp=$dest/.set-up-$suite # the folders that were made, one a line
if [ -s "$stamp" ] && (cd "$dest" && xargs ls -d < "$stamp" > /dev/null 2>&1); then
    echo "loaders are in place: $(tr '\n' ' ' < "$stamp")"
    exit 0
fi
mkdir -p "$dest"
work=$(mktemp -d "${dest%/}.unpacking.XXXXXX")
trap 'rm -rf "$work"' EXIT
newer_suite_open "$work" "$suite"
newer_suite_download "$work" ipxe
apt-get -qq update
(cd "$work/packages" && apt-get -o APT::Sandbox::User=root -qq download ipxe)

# Some of a package's loaders are links to absolute places (/boot/ipxe.efi): those are meant inside it.
copied() {
    local folder=$1 dest=$2 file target
    mkdir -p "$dest"
    for file in "$folder"/*; do
        target=$file
        if [ -L "$file" ]; then
            target=$(readlink "$file")
            case $target in /*) target=$work/root$target ;; *) target=$folder/$target ;; esac
        fi
        cp -RL "$target" "$dest/$(basename "$file")"
    done
}

made=()
for package in "$work"/packages/ipxe_*.deb; do
    version=$(dpkg-deb --field "$package" Version)
    rm -rf "$work/root"
    dpkg -x "$package" "$work/root"
    rm -rf "${dest:?}/$version"
    copied "$work/root/usr/lib/ipxe" "$dest/$version"
    made+=("$version")
    echo "unpacked the loaders of ipxe $version"
done
printf '%s\n' "${made[@]}" > "$stamp"

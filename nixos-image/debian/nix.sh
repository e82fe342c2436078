#!/usr/bin/env bash
# nix.sh DEST [SUITE]: unpack a newer suite's Nix (default: trixie's 2.26) beside this system's own.
#
# Nothing outside DEST changes.  Ends at once when DEST already holds a Nix that runs.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
# shellcheck source=newer-suite.sh
source "$here/newer-suite.sh"

dest=$(realpath -m "$1")
suite=${2:-trixie}
nix=$dest/usr/bin/nix

if [ -x "$nix" ] && version=$("$nix" --version 2>/dev/null); then
    echo "$version is in place"
    exit 0
fi

case $(dpkg --print-architecture) in
    arm64) triplet=aarch64-linux-gnu loader=ld-linux-aarch64.so.1 ;;
    *) triplet=x86_64-linux-gnu loader=ld-linux-x86-64.so.2 ;;
esac

mkdir -p "$(dirname "$dest")"
work=$(mktemp -d "${dest%/}.unpacking.XXXXXX")
trap 'rm -rf "$work"' EXIT
newer_suite_open "$work" "$suite"

# The libraries that Nix needs, the static shell of its sandbox, and patchelf; never system programs.
mapfile -t wanted < <(
    apt-cache "${newer_options[@]}" depends --recurse --no-recommends --no-suggests --no-conflicts \
        --no-breaks --no-replaces --no-enhances --no-pre-depends nix-bin |
        grep '^[a-z0-9]' | sort -u |
        grep -E '^(lib|nix-bin$|bash-static$|zlib1g$)' |
        grep -Ev 'perl|pam|newt|slang|textwrap|debian-installer|debconf|semanage|sepol'
)
newer_suite_download "$work" "${wanted[@]}" bash-static patchelf
mkdir "$work/root"
for package in "$work"/packages/*.deb; do
    dpkg -x "$package" "$work/root"
done
# Suites before trixie still ship some of this outside /usr.
for folder in bin lib lib64; do
    if [ -d "$work/root/$folder" ] && [ ! -L "$work/root/$folder" ]; then
        mkdir -p "$work/root/usr/$folder"
        cp -a "$work/root/$folder/." "$work/root/usr/$folder/"
        rm -rf "${work:?}/root/$folder"
    fi
done

# Nix starts itself again through /proc/self/exe, so its own header must name the newer loader and
# libraries.  patchelf runs through that loader: it may need a newer libc than this system has.
# Before 2.9 its own libraries lie in a folder beside, and name that folder by its place in Debian.
libraries=$dest/usr/lib/$triplet
unpacked=$work/root/usr/lib/$triplet
patched() {
    "$unpacked/$loader" --library-path "$unpacked" "$work/root/usr/bin/patchelf" \
        --force-rpath --set-rpath "$libraries:$dest/usr/lib/nix" "$@"
}
patched --set-interpreter "$libraries/$loader" "$work/root/usr/bin/nix"
for library in "$work/root/usr/lib/nix"/*.so; do
    if [ -e "$library" ]; then patched "$library"; fi
done

rm -rf "$work/root/usr/share/doc" "$work/root/usr/share/man" "$work/root/usr/share/locale"
chmod 755 "$work/root"
rm -rf "$dest"
mv "$work/root" "$dest"
"$nix" --version

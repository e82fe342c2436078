#!/usr/bin/env bash
# set-up.sh run|check|test|bench: put what that target needs on a Debian 12.
#
# Two places: Debian packages by apt-get, named before they come, and everything else below
# NIXIE_HOME (default /opt/nixie).  Starts no service, and does nothing the second time.  Needs root.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
checkout=$(realpath "$here/../..")
home=${NIXIE_HOME:-/opt/nixie}
target=${1:-run}
# shellcheck source=../home.sh
source "$here/../home.sh"

[ "$(id -u)" = 0 ] || { say "needs root: run it with sudo"; exit 1; }
command -v apt-get > /dev/null || { say "this is not Debian; on NixOS the Makefile uses flake.nix"; exit 1; }
umask 022
mkdir -p "$home/.done"

# Daemons come as -base packages or are unpacked only; the one unit among these, nftables.service,
# is disabled.
check_packages=(python3 python3-venv python3-nftables cpio zstd)
run_packages=(
    "${check_packages[@]}" nftables iproute2 util-linux procps curl git openssh-client openssl
    qemu-system-x86 qemu-system-data qemu-utils ovmf seabios ipxe-qemu
    dnsmasq-base busybox-static squashfs-tools xz-utils kmod ca-certificates libpcap0.8
)
command -v npm > /dev/null || run_packages+=(nodejs npm) # for two browser files
test_packages=(
    chromium isc-dhcp-client udhcpc tftp-hpa atftp bind9-dnsutils iputils-ping
    qemu-system-arm qemu-efi-aarch64 u-boot-qemu swtpm age
)

lists() {
    if [ -z "${lists_are_new:-}" ]; then quietly apt-get-update apt-get -q update; fi
    lists_are_new=yes
}

# packages NAME…: install those that are missing, and say so first.
packages() {
    local missing=() name
    for name in "$@"; do
        dpkg-query -W -f '${db:Status-Status}' "$name" 2> /dev/null | grep -qx installed || missing+=("$name")
    done
    if [ ${#missing[@]} = 0 ]; then return; fi
    say "Debian packages that are missing: ${missing[*]}"
    lists
    say "installing these $(apt-get -qq -s install --no-install-recommends "${missing[@]}" | grep -c '^Inst') packages, with what they depend on"
    DEBIAN_FRONTEND=noninteractive quietly apt-get-install \
        apt-get -q install -y --no-install-recommends "${missing[@]}"
}

# unpacked DEST PACKAGE…: download Debian packages and unpack them below DEST, installing nothing.
unpacked() {
    local dest=$1 work package
    shift
    work=$(mktemp -d "$dest.XXXXXX")
    chmod 755 "$work"
    lists
    (cd "$work" && quietly apt-get-download apt-get -o APT::Sandbox::User=root -q download "$@")
    for package in "$work"/*.deb; do dpkg -x "$package" "$work"; done
    rm -f "$work"/*.deb
    rm -rf "$dest"
    mv "$work" "$dest"
}

virtual_environment() {
    if [ ! -e "$home/venv/$site" ]; then
        rm -rf "$home/venv"
        quietly venv /usr/bin/python3 -m venv "$home/venv"
    fi
    say "installing Python packages of $(basename "$1"), by hash"
    quietly pip "$home/venv/bin/pip" install --no-input --no-cache-dir --disable-pip-version-check --require-hashes -r "$1"
    quietly docless "$home/venv/bin/python" "$here/docless.py"
}

# What the development lock has, the other one has too, at the same versions.
python_packages() {
    local lock=$checkout/requirements-dev.lock stamp=$home/venv/.set-up-requirements-dev.lock
    if [ "$target" = run ] || [ "$target" = bench ]; then
        if [ "$(cat "$stamp" 2> /dev/null)" = "$(sha256sum < "$lock")" ] && [ -e "$home/venv/$site" ]; then return; fi
        lock=$checkout/requirements.lock
    fi
    once "$home/venv" "$site" "$lock" -- virtual_environment "$lock"
}

# kernel FOLDER FLAVOUR: a kernel of the distribution, unpacked only: the machine that runs the lab
# keeps its own.
kernel() {
    local meta package architecture
    architecture=$(dpkg --print-architecture)
    meta=linux-image-$2$architecture
    say "downloading a kernel: what $meta names"
    lists
    package=$(apt-cache depends "$meta" | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
    [ -n "$package" ] || { say "the package $meta names no kernel: look at apt-cache depends $meta"; exit 1; }
    unpacked "$1" "$package"
}

# The kernel of a router in a machine of its own: with PPP, which the one for the sample lacks.  It
# loads modules by itself, so they are indexed.
router_kernel() {
    kernel "$home/router-kernel" ""
    depmod -b "$home/router-kernel" "$(ls "$home/router-kernel/lib/modules")"
}

# A kernel and busybox for 64-bit ARM, by lists of their own: this computer's packages stay as they are.
arm64() {
    local place=$home/.arm64 options package
    say "unpacking a kernel and busybox for 64-bit ARM"
    rm -rf "$place" "$home/arm64"
    mkdir -p "$place"/{lists,archives}/partial "$home/arm64"
    : > "$place/status"
    options=(
        -q -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User=root
        -o "Dir::State=$place" -o "Dir::State::status=$place/status" -o "Dir::Cache=$place"
    )
    quietly arm64-lists apt-get "${options[@]}" update
    package=$(apt-cache "${options[@]}" depends linux-image-cloud-arm64 | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
    (cd "$place" && quietly arm64-download apt-get "${options[@]}" download "$package" busybox-static)
    for package in "$place"/*.deb; do dpkg -x "$package" "$home/arm64"; done
    rm -rf "$place"
}

# Programs that the router configures and runs as users of their own: unpacked, for their packages
# would start them as services of this computer.
daemons=(radvd dhcpcd-base chrony ppp)

# What is measured against, with the libraries that it does not share with the packages above.
kea=(kea-dhcp4-server kea-admin kea-common liblog4cplus-2.0.5 libmariadb3 libpq5 libboost-system1.74.0)

peers() {
    say "unpacking the peers to measure against and to speak with: Kea, nginx, dnsperf, pppoe-server, sshd, named and dracut"
    mkdir -p "$home/peers"
    unpacked "$home/peers/kea" "${kea[@]}"
    unpacked "$home/peers/nginx" nginx
    unpacked "$home/peers/dnsperf" dnsperf libldns3
    unpacked "$home/peers/pppoe" pppoe
    unpacked "$home/peers/sshd" openssh-server libwrap0 libnsl2 libtirpc3
    unpacked "$home/peers/named" bind9 bind9-libs
    unpacked "$home/peers/dracut" dracut-core systemd libsystemd-shared udev libkmod2
}

# What systemd-creds loads to speak with a TPM, for the sample's hosts.
tpm_libraries() {
    say "unpacking the libraries for a TPM"
    unpacked "$home/tpm" libtss2-esys-3.0.2-0 libtss2-sys1 libtss2-mu0 libtss2-rc0 libtss2-tcti-device0
}

unpacked_daemons() {
    say "unpacking the programs for IPv6, PPPoE and time: ${daemons[*]}"
    unpacked "$home/daemons" "${daemons[@]}"
}

# Who made which network card: the IEEE's registry of the distribution, compacted.
makers() {
    say "unpacking the registry of network cards' makers"
    unpacked "$home/ieee-data" ieee-data
    mkdir -p "$home/makers"
    LC_ALL=C awk -f "$here/makers.awk" "$home"/ieee-data/usr/share/ieee-data/{oui,mam,oui36}.txt |
        LC_ALL=C sort -u -t "$(printf '\t')" -k 1,1 > "$home/makers/new"
    mv "$home/makers/new" "$home/makers/makers"
    rm -rf "$home/ieee-data"
}

case $target in
    check) packages "${check_packages[@]}" ;;
    run | bench) packages "${run_packages[@]}" ;;
    test) packages "${run_packages[@]}" "${test_packages[@]}" ;;
    *) say "unknown target $target: run, check, test or bench"; exit 2 ;;
esac
# Named by the very Python it is made for: a venv does not outlive a new minor version.
site=lib/$(/usr/bin/python3 -c 'import sys; print("python%d.%d" % sys.version_info[:2])')/site-packages/pip
python_packages
if [ "$target" = check ]; then exit 0; fi
bash "$here/nix.sh" "$home/nix" | sed 's/^/set-up: /'
bash "$here/loaders.sh" "$home/loaders" | sed 's/^/set-up: /'
once "$home/makers" makers "$here/makers.awk" -- makers
once "$home/browser" htmx.min.js "$checkout/package-lock.json" -- browser_files
launcher
[ -d "$home/kernel/boot" ] || kernel "$home/kernel" cloud-
printf '%s\n' "${daemons[@]}" > "$home/.done/daemons"
once "$home/daemons" usr/sbin/radvd "$home/.done/daemons" -- unpacked_daemons
tpm=()
if [ "$target" = test ]; then
    [ -d "$home/tpm" ] || tpm_libraries
    tpm=(/ "$home/tpm")
fi
installed "$home/kernel" "${tpm[@]}"
if [ "$target" = test ]; then
    bash "$here/nix.sh" "$home/nix28" bookworm | sed 's/^/set-up: the old /'
    [ -e "$home/router-kernel/lib/modules" ] || router_kernel
    [ -d "$home/arm64/boot" ] || arm64
fi
if [ "$target" != run ]; then
    printf '%s\n' "${kea[@]}" nginx dnsperf pppoe bind9 dracut > "$home/.done/peers"
    once "$home/peers" dnsperf/usr/bin/dnsperf "$home/.done/peers" -- peers
fi
say "ready"

#!/usr/bin/env bash
# set-up.sh run|check|test|bench: put what that target needs below NIXIE_HOME (default /opt/nixie).
#
# Says what it does, starts no service, changes nothing outside NIXIE_HOME but Debian packages that
# carry no service, and does nothing the second time.  Needs root.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
checkout=$(realpath "$here/../..")
home=${NIXIE_HOME:-/opt/nixie}
target=${1:-run}

say() { printf 'set-up: %s\n' "$*"; }

[ "$(id -u)" = 0 ] || { say "needs root: run it with sudo"; exit 1; }
command -v apt-get > /dev/null || { say "this is not Debian; on NixOS the Makefile uses flake.nix"; exit 1; }
umask 022
mkdir -p "$home/.done"

# Debian packages.  None of these starts a service: daemons come as -base packages or unpacked.
run_packages=(
    python3 python3-venv python3-nftables nftables iproute2 util-linux procps curl git openssh-client openssl
    qemu-system-x86 qemu-system-data qemu-utils ovmf seabios ipxe-qemu
    dnsmasq-base busybox-static squashfs-tools patchelf cpio zstd xz-utils kmod ca-certificates
)
test_packages=(chromium isc-dhcp-client udhcpc tftp-hpa atftp bind9-dnsutils iputils-ping)

packages() {
    local missing=() name
    for name in "$@"; do
        dpkg-query -W -f '${db:Status-Status}' "$name" 2> /dev/null | grep -qx installed || missing+=("$name")
    done
    [ ${#missing[@]} = 0 ] && return
    say "installing Debian packages: ${missing[*]}"
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" > "$home/.done/apt.log" 2>&1 ||
        { tail -n 20 "$home/.done/apt.log"; say "apt-get could not install them; its words are above"; exit 1; }
}

# once NAME INPUT… -- COMMAND…: run the command unless it ran for these very inputs before.
once() {
    local name=$1 inputs=() sum
    shift
    while [ "$1" != -- ]; do inputs+=("$1"); shift; done
    shift
    sum=$(cat "${inputs[@]}" /dev/null | sha256sum)
    [ "$(cat "$home/.done/$name" 2> /dev/null)" = "$sum" ] && return
    "$@"
    printf '%s' "$sum" > "$home/.done/$name"
}

virtual_environment() {
    [ -x "$home/venv/bin/python" ] || /usr/bin/python3 -m venv "$home/venv"
    say "installing Python packages of $(basename "$1"), by hash"
    "$home/venv/bin/pip" install -q --disable-pip-version-check --require-hashes -r "$1"
}

browser_files() {
    if ! command -v npm > /dev/null; then
        say "installing npm, for the two browser files"
        packages nodejs npm
    fi
    say "installing htmx and its event-stream extension"
    local work
    work=$(mktemp -d "$home/browser.XXXXXX")
    cp "$checkout/package.json" "$checkout/package-lock.json" "$checkout/.npmrc" "$work"
    (cd "$work" && npm ci --silent --ignore-scripts)
    mkdir -p "$home/browser"
    cp "$work/node_modules/htmx.org/dist/htmx.min.js" "$work/node_modules/htmx-ext-sse/sse.js" "$home/browser/"
    rm -rf "$work"
    chmod -R a+rX "$home/browser"
}

# The roles run from a copy that each role's user can read, never from somebody's checkout.
program() {
    local work
    work=$(mktemp -d "$home/program.XXXXXX")
    for room in appliance services webui hardware; do
        (cd "$checkout" && find "$room" -type d -name __pycache__ -prune -o -type f -print0) |
            (cd "$checkout" && xargs -0 cp --parents -t "$work")
    done
    chmod -R a+rX "$work"
    "$home/venv/bin/python" -m compileall -q "$work"
    rm -rf "$home/program.old"
    [ -d "$home/program" ] && mv "$home/program" "$home/program.old"
    mv "$work" "$home/program"
    rm -rf "$home/program.old"
    cat > "$home/nixie" << EOF
#!/bin/sh
# The command line of the installed program.
cd "$home/program" && exec "$home/venv/bin/python" -P -m appliance "\$@"
EOF
    sed -i "s|^cd .* && exec|PYTHONPATH=$home/program exec|" "$home/nixie"
    chmod 755 "$home/nixie"
    say "installed the program in $home/program"
    "$home/nixie" prove && say "each role's user can read it"
}

program_sum() {
    (cd "$checkout" && find appliance services webui hardware -type f -not -path '*/__pycache__/*' -print0 |
        sort -z | xargs -0 sha256sum) > "$home/.done/program.files"
}

# A kernel of the distribution, unpacked only: the machine that runs the lab keeps its own.
kernel() {
    say "downloading a kernel for the sample flake"
    local work meta=linux-image-cloud-amd64
    [ "$(dpkg --print-architecture)" = arm64 ] && meta=linux-image-cloud-arm64
    work=$(mktemp -d "$home/kernel.XXXXXX")
    (cd "$work" && apt-get -o APT::Sandbox::User=root -qq download "$(apt-cache depends "$meta" | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)" 2> /dev/null
        for package in *.deb; do dpkg -x "$package" .; done && rm -f ./*.deb)
    chmod 755 "$work"
    rm -rf "$home/kernel"
    mv "$work" "$home/kernel"
}

sample() {
    [ -d "$home/kernel/boot" ] || kernel
    say "putting the sample flake together: a kernel of the distribution and busybox"
    PYTHONPATH=$home/program "$home/venv/bin/python" -m services.lab.sample.assemble "$home/sample" "$home/kernel"
    chmod -R a+rX "$home/sample"
}

# unpacked DEST PACKAGE…: download Debian packages and unpack them below DEST, installing nothing.
unpacked() {
    local dest=$1 work
    shift
    work=$(mktemp -d "$dest.XXXXXX")
    chmod 755 "$work"
    (cd "$work" && apt-get -o APT::Sandbox::User=root -qq download "$@" 2> /dev/null
        for package in *.deb; do dpkg -x "$package" .; done && rm -f ./*.deb)
    rm -rf "$dest"
    mv "$work" "$dest"
}

peers() {
    say "unpacking the peers to measure against and to speak with: Kea, nginx and sshd"
    mkdir -p "$home/peers"
    unpacked "$home/peers/kea" kea-dhcp4-server kea-admin kea-common liblog4cplus-2.0.5 libmariadb3 libpq5 libboost-system1.74.0
    unpacked "$home/peers/nginx" nginx
    unpacked "$home/peers/sshd" openssh-server libwrap0 libnsl2 libtirpc3
}

case $target in
    run) packages "${run_packages[@]}" ;;
    test) packages "${run_packages[@]}" "${test_packages[@]}" ;;
    bench) packages "${run_packages[@]}" dnsmasq-base ;;
    check) packages python3 python3-venv ;;
    *) say "unknown target $target: run, check, test or bench"; exit 2 ;;
esac
lock=$checkout/requirements.lock
[ "$target" = run ] || [ "$target" = bench ] || lock=$checkout/requirements-dev.lock
once "venv-$(basename "$lock")" "$lock" -- virtual_environment "$lock"
[ "$target" = check ] && exit 0
bash "$here/nix.sh" "$home/nix" | sed 's/^/set-up: /'
bash "$here/loaders.sh" "$home/loaders" | sed 's/^/set-up: /'
once browser "$checkout/package-lock.json" -- browser_files
program_sum
once program "$home/.done/program.files" -- program
grep -E 'services/(lab/sample|nix/adapter)/' "$home/.done/program.files" > "$home/.done/sample.files"
once sample "$home/.done/sample.files" -- sample
if [ "$target" = test ]; then bash "$here/nix.sh" "$home/nix28" bookworm | sed "s/^/set-up: the old /"; fi
[ "$target" = run ] || once peers "$here/set-up.sh" -- peers
say "ready"

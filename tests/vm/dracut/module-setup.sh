#!/bin/bash
# dracut's module for a first stage that fetches its store: the units as Nix wrote them, and a fstab as NixOS has it there.
# shellcheck disable=SC2154 # dracut sets moddir, initdir and systemdsystemunitdir

check() { return 0; }

depends() { echo systemd; }

installkernel() { instmods virtio_net virtio_pci e1000 loop overlay squashfs; }

install() {
    inst_multiple bash cat curl ln mkdir mount rm sha256sum sleep stat tr
    inst_multiple "$systemdutildir/systemd-networkd" "$systemdutildir/network/99-default.link" \
        "$systemdsystemunitdir/systemd-networkd.service" "$systemdsystemunitdir/systemd-networkd.socket"
    echo "systemd-network:x:998:998::/:/usr/sbin/nologin" >> "$initdir/etc/passwd"
    echo "systemd-network:x:998:" >> "$initdir/etc/group"
    cp -r "$moddir/units/." "$initdir/$systemdsystemunitdir/"
    mkdir -p "$initdir/etc/modules-load.d"
    echo ID=nixie > "$initdir/etc/initrd-release"
    printf '%s\n' loop overlay squashfs > "$initdir/etc/modules-load.d/nixie.conf"
    cat > "$initdir/etc/fstab" << 'FSTAB'
tmpfs /sysroot tmpfs mode=0755,x-initrd.mount
/nix-store.squashfs /sysroot/nix/.ro-store squashfs loop,x-initrd.mount
tmpfs /sysroot/nix/.rw-store tmpfs mode=0755,x-initrd.mount
overlay /sysroot/nix/store overlay lowerdir=/sysroot/nix/.ro-store,upperdir=/sysroot/nix/.rw-store/store,workdir=/sysroot/nix/.rw-store/work,x-initrd.mount,x-systemd.requires-mounts-for=/sysroot/nix/.ro-store,x-systemd.requires-mounts-for=/sysroot/nix/.rw-store
FSTAB
}

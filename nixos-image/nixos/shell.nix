# The tools that set-up installs from packages on Debian.
{
  mkShell, callPackage, runCommand, pkgsStatic, linux, nix, qemu, OVMF, nftables, iproute2, dnsmasq,
  squashfsTools, ipxe, nodejs, git, openssh, curl, openssl, cpio, zstd, kmod, util-linux,
}:
let
  # Laid out like unpacked Debian packages, which is what services/lab/sample/assemble.py reads.
  parts = runCommand "nixie-sample-parts" { } ''
    mkdir -p $out/boot $out/lib $out/bin $out/usr/bin
    ln -s ${linux}/bzImage $out/boot/vmlinuz-${linux.modDirVersion}
    ln -s ${linux.modules or linux}/lib/modules $out/lib/modules
    ln -s ${pkgsStatic.busybox}/bin/busybox $out/bin/busybox
    ln -s ${pkgsStatic.squashfsTools}/bin/mksquashfs $out/usr/bin/mksquashfs
  '';
in
mkShell {
  packages = [
    (callPackage ../python.nix { })
    nix qemu nftables iproute2 dnsmasq squashfsTools nodejs git openssh curl openssl cpio zstd kmod util-linux
  ];
  NIXIE_LOADERS = "${ipxe}";
  NIXIE_LOADERS_VERSION = ipxe.version;
  NIXIE_OVMF = "${OVMF.fd}";
  NIXIE_SAMPLE_PARTS = "${parts}";
}

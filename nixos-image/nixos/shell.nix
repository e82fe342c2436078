# The tools that set-up installs from packages on Debian.
{ mkShell, callPackage, nix, qemu, OVMF, nftables, iproute2, dnsmasq, busybox, squashfsTools, ipxe
, nodejs, git, curl, openssl, cpio, zstd, kmod, util-linux }:
mkShell {
  packages = [
    (callPackage ../python.nix { })
    nix qemu nftables iproute2 dnsmasq busybox squashfsTools nodejs git curl openssl cpio zstd kmod
    util-linux
  ];
  NIXIE_LOADERS = "${ipxe}";
  NIXIE_LOADERS_VERSION = ipxe.version;
  NIXIE_OVMF = "${OVMF.fd}";
}

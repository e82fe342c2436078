# What set-up unpacks and installs on Debian, as one package of NixOS: Python, Nix, loaders, the parts
# of the sample, and the programs that Nixie calls.  nixos/set-up.sh links it below NIXIE_HOME.
{
  lib, callPackage, runCommand, buildEnv, stdenv,
  bash, busybox, chrony, coreutils, cpio, curl, dhcpcd, dnsmasq, findutils, gawk, git, gnugrep, gnused, gnutar, gzip, hwdata, iproute2, ipxe,
  kmod, linux, nftables, nix, nodejs, openssh, openssl, ppp, procps, qemu, radvd, squashfsTools, util-linux, xz, zstd,
}:
let
  # Stands at /usr and /bin for the program: it looks where Debian has them.
  usr = buildEnv {
    name = "nixie-usr";
    paths = map lib.getBin [
      bash coreutils cpio curl dnsmasq findutils gawk git gnugrep gnused gnutar gzip iproute2 kmod nftables
      nodejs openssh openssl procps qemu squashfsTools util-linux xz zstd
    ];
    pathsToLink = [ "/bin" "/share/qemu" ];
  };
  static = busybox.override { enableStatic = true; };
in
# parts: laid out like unpacked Debian packages, which is what services/lab/sample/assemble.py reads.
runCommand "nixie-home" { } ''
  mkdir -p $out/{nix/usr,daemons/usr/sbin,loaders,makers,parts/boot,parts/lib,parts/bin,parts/usr/bin}
  ln -s ${usr} $out/usr
  ln -s ${callPackage ../python.nix { }} $out/venv
  ln -s ${nix}/bin $out/nix/usr/bin
  ln -s ${radvd}/bin/radvd $out/daemons/usr/sbin/radvd
  ln -s ${dhcpcd}/bin/dhcpcd $out/daemons/usr/sbin/dhcpcd
  ln -s ${chrony}/bin/chronyd $out/daemons/usr/sbin/chronyd
  ln -s ${ppp}/bin/pppd $out/daemons/usr/sbin/pppd
  mkdir $out/daemons/usr/lib
  ln -s ${ppp}/lib/pppd $out/daemons/usr/lib/pppd
  ln -s ${ipxe} $out/loaders/${ipxe.version}
  LC_ALL=C awk -f ${../debian/makers.awk} ${hwdata}/share/hwdata/oui.txt | LC_ALL=C sort -u -t $'\t' -k 1,1 > $out/makers/makers
  ln -s ${linux}/bzImage $out/parts/boot/vmlinuz-${linux.modDirVersion}
  ln -s ${linux.modules or linux}/lib/modules $out/parts/lib/modules
  ln -s ${static}/bin/busybox $out/parts/bin/busybox
  ln -s ${lib.getBin squashfsTools}/bin/mksquashfs $out/parts/usr/bin/mksquashfs
  ln -s ${lib.getBin openssl}/bin/openssl $out/parts/usr/bin/openssl
  ln -s ${lib.getLib stdenv.cc.cc}/lib/libgcc_s.so.1 $out/parts/lib/libgcc_s.so.1
''

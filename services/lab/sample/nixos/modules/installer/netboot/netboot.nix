# What makes a host native: the root in memory, the store from the initial ramdisk.  File layout, priorities and the names
# below system.build after nixpkgs' nixos/modules/installer/netboot/netboot.nix (a748cedf4654, 03a5cc692fa6), the service
# after that of 2026 (4aa6836a648c of Swarsel/nixpkgs).
{ config, lib, pkgs, modulesPath, ... }:
let
  inherit (lib) mkImageMediaOverride mkOption types;
  kernelFile = config.system.boot.loader.kernelFile;
  init = "init=${config.system.build.toplevel}/init";
in
{
  options.netboot = {
    squashfsCompression = mkOption { default = "zstd -Xcompression-level 19"; type = types.str; };
    storeContents = mkOption { example = lib.literalExpression "[ pkgs.stdenv ]"; };
  };

  config = {
    boot.loader.grub.enable = false;
    boot.loader.timeout = 10;

    fileSystems."/" = mkImageMediaOverride { fsType = "tmpfs"; options = [ "mode=0755" ]; };
    fileSystems."/nix/.ro-store" = mkImageMediaOverride {
      fsType = "squashfs";
      device = "../nix-store.squashfs";
      options = [ "loop" ];
      neededForBoot = true;
    };
    fileSystems."/nix/.rw-store" = mkImageMediaOverride { fsType = "tmpfs"; options = [ "mode=0755" ]; neededForBoot = true; };
    fileSystems."/nix/store" = mkImageMediaOverride {
      overlay = { lowerdir = [ "/nix/.ro-store" ]; upperdir = "/nix/.rw-store/store"; workdir = "/nix/.rw-store/work"; };
      neededForBoot = true;
    };

    boot.initrd.availableKernelModules = [ "squashfs" "overlay" ];
    boot.initrd.kernelModules = [ "loop" "overlay" ];

    netboot.storeContents = [ config.system.build.toplevel ];

    systemd.services.register-nix-paths = {
      unitConfig.DefaultDependencies = false;
      wantedBy = [ "sysinit.target" ];
      after = [ "local-fs.target" ];
      before = [ "sysinit.target" "shutdown.target" "nix-daemon.socket" "nix-daemon.service" ];
      conflicts = [ "shutdown.target" ];
      serviceConfig.Type = "oneshot";
      script = "${config.nix.package}/bin/nix-store --load-db < /nix/store/nix-path-registration";
    };

    system.build.squashfsStore = pkgs.callPackage (modulesPath + "/../lib/make-squashfs.nix") {
      inherit (config.netboot) storeContents;
      comp = config.netboot.squashfsCompression;
    };
    # cpio needs no compression here, the squashfs has it; but bare, it must start on a multiple of four.
    system.build.netbootRamdisk = pkgs.runCommand "initrd" { } ''
      mkdir root "$out"
      ln -s ${config.system.build.squashfsStore} root/nix-store.squashfs
      (cd root && echo nix-store.squashfs | cpio -o -H newc -L -R 0:0 --renumber-inodes --ignore-devno) > store.cpio
      cat ${config.system.build.initialRamdisk}/initrd > first
      truncate -s "$(( ($(stat -c %s first) + 3) / 4 * 4 ))" first
      cat first store.cpio > "$out/initrd"
    '';
    system.build.netbootIpxeScript = pkgs.writeTextDir "netboot.ipxe" ''
      #!ipxe
      kernel ${kernelFile} ${init} initrd=initrd ${toString config.boot.kernelParams} ''${cmdline}
      initrd initrd
      boot
    '';
    system.build.kexecTree = pkgs.linkFarm "kexec-tree" [
      { name = "initrd.gz"; path = "${config.system.build.netbootRamdisk}/initrd"; }
      { name = kernelFile; path = "${config.system.build.kernel}/${kernelFile}"; }
    ];
  };
}

# What makes an installer's medium: the store lies on it, so the first stage waits for it.  Option names, defaults,
# priorities and the names below system.build after nixpkgs' nixos/modules/installer/cd-dvd/iso-image.nix (007ab6fb2fef);
# since then the squashfs is made elsewhere and has no name any more (4aa6836a648c of Swarsel/nixpkgs, of 2026).
{ config, lib, pkgs, modulesPath, ... }:
let
  inherit (lib) mkImageMediaOverride mkOption types;
in
{
  options.isoImage = {
    volumeID = mkOption {
      default = "nixos-${config.system.nixos.release}-${pkgs.stdenv.hostPlatform.uname.processor}";
      type = types.str;
    };
    squashfsCompression = mkOption { default = "xz -Xdict-size 100% -Xbcj x86"; type = types.str; };
    contents = mkOption { example = lib.literalExpression "[ { source = …; target = \"boot/memtest.bin\"; } ]"; };
    storeContents = mkOption { example = lib.literalExpression "[ pkgs.stdenv ]"; };
  };

  # Kept apart, for modules that say all of it with one priority (installation-cd-base.nix).
  config.lib.isoFileSystems = {
    "/" = mkImageMediaOverride { fsType = "tmpfs"; options = [ "mode=0755" ]; };
    "/iso" = mkImageMediaOverride { device = "/dev/root"; neededForBoot = true; noCheck = true; };
    "/nix/.ro-store" = mkImageMediaOverride {
      fsType = "squashfs";
      device = "/iso/nix-store.squashfs";
      options = [ "loop" ];
      neededForBoot = true;
    };
    "/nix/.rw-store" = mkImageMediaOverride { fsType = "tmpfs"; options = [ "mode=0755" ]; neededForBoot = true; };
    "/nix/store" = mkImageMediaOverride {
      fsType = "overlay";
      device = "overlay";
      options = [ "lowerdir=/nix/.ro-store" "upperdir=/nix/.rw-store/store" "workdir=/nix/.rw-store/work" ];
      depends = [ "/nix/.ro-store" "/nix/.rw-store/store" "/nix/.rw-store/work" ];
    };
  };

  config = {
    boot.loader.grub.enable = false;
    boot.loader.timeout = 10;
    boot.kernelParams = [ "root=LABEL=${config.isoImage.volumeID}" "boot.shell_on_fail" ];
    fileSystems = config.lib.isoFileSystems;
    boot.initrd.availableKernelModules = [ "squashfs" "iso9660" "uas" "overlay" ];
    boot.initrd.kernelModules = [ "loop" "overlay" ];
    boot.initrd.supportedFilesystems = [ "vfat" ];

    isoImage.storeContents = [ config.system.build.toplevel ];
    isoImage.contents = [
      {
        source = "${config.boot.kernelPackages.kernel}/${config.system.boot.loader.kernelFile}";
        target = "/boot/${config.system.boot.loader.kernelFile}";
      }
      {
        source = "${config.system.build.initialRamdisk}/${config.system.boot.loader.initrdFile}";
        target = "/boot/${config.system.boot.loader.initrdFile}";
      }
      { source = config.system.build.squashfsStore; target = "/nix-store.squashfs"; }
    ];

    system.build.squashfsStore = pkgs.callPackage (modulesPath + "/../lib/make-squashfs.nix") {
      inherit (config.isoImage) storeContents;
      comp = config.isoImage.squashfsCompression;
    };
    system.build.isoImage = pkgs.linkFarm "iso" (
      map (file: { name = lib.removePrefix "/" file.target; path = file.source; }) config.isoImage.contents
    );

    boot.postBootCommands = ''
      ${config.nix.package}/bin/nix-store --load-db < /nix/store/nix-path-registration
      touch /etc/NIXOS
      ${config.nix.package}/bin/nix-env -p /nix/var/nix/profiles/system --set /run/current-system
    '';
  };
}

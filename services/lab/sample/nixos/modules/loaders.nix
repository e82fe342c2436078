# Boot loaders.  After nixpkgs' nixos/modules/system/boot/loader/: loader.nix (08a4c8850831), efi.nix (757cb18c5533),
# grub/grub.nix (36bd1a6dbb00), systemd-boot/systemd-boot.nix (739bd2dccdc7), generic-extlinux-compatible/default.nix
# (7bf69b6dfbd4), init-script/init-script.nix (67d9a17e132c), external/external.nix (a2ff8c71b155), limine/limine.nix
# (416819a31ea7), refind/refind.nix (e944ac95b3cb), generations-dir/generations-dir.nix (08a4c8850831); the Raspberry Pi's
# is gone in newer releases, its name is still declared (modules/rename.nix, pull request 241534).
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.boot.loader;
  off = what: mkOption { type = types.bool; default = false; description = "Whether to enable ${what}."; };
  installer = name: pkgs.writeScript "install-${name}" "#!${pkgs.runtimeShell}\necho ${name}\n";
in
{
  imports = [
    (lib.mkRenamedOptionModule [ "boot" "loader" "grub" "timeout" ] [ "boot" "loader" "timeout" ])
    (lib.mkRemovedOptionModule [ "boot" "loader" "raspberryPi" ] "Use a generic boot loader.")
  ];

  options.boot.loader = {
    timeout = mkOption { default = 5; type = types.nullOr types.int; };
    supportsInitrdSecrets = mkOption { internal = true; default = false; type = types.bool; };
    efi = {
      canTouchEfiVariables = mkOption { default = false; type = types.bool; };
      efiSysMountPoint = mkOption { default = "/boot"; type = types.str; };
    };
    grub = {
      enable = mkOption { default = !config.boot.isContainer; type = types.bool; };
      device = mkOption { default = ""; example = "/dev/disk/by-id/wwn-0x500001234567890a"; type = types.str; };
      devices = mkOption { default = [ ]; type = types.listOf types.str; };
      efiSupport = off "GRUB with EFI support";
      configurationLimit = mkOption { default = 100; type = types.int; };
      mirroredBoots = mkOption { default = [ ]; type = types.listOf types.attrs; };
    };
    systemd-boot = {
      enable = mkOption { default = false; type = types.bool; };
      editor = mkOption { default = true; type = types.bool; };
      configurationLimit = mkOption { default = null; type = types.nullOr types.int; };
    };
    generic-extlinux-compatible.enable = off "an extlinux configuration file";
    initScript.enable = off "an init script instead of a boot loader";
    external = {
      enable = off "using an external tool to install your bootloader";
      installHook = mkOption { type = types.path; };
    };
    limine.enable = off "the Limine bootloader";
    refind.enable = off "the rEFInd boot loader";
    generationsDir = {
      enable = off "links to the generations of the system below /boot";
      copyKernels = off "copies of the kernels there";
    };
  };

  config = lib.mkMerge [
    (lib.mkIf cfg.grub.enable {
      boot.loader.grub.devices = lib.optional (cfg.grub.device != "") cfg.grub.device;
      boot.loader.grub.mirroredBoots = lib.optionals (cfg.grub.devices != [ ]) [
        { path = "/boot"; inherit (cfg.grub) devices; inherit (cfg.efi) efiSysMountPoint; }
      ];
      boot.loader.supportsInitrdSecrets = true;
      system.boot.loader.id = "grub";
      system.build.installBootLoader = installer "grub";
      assertions = [
        {
          assertion = cfg.grub.mirroredBoots != [ ];
          message = "You must set the option ‘boot.loader.grub.devices’ or 'boot.loader.grub.mirroredBoots' to make the system bootable.";
        }
      ];
    })
    (lib.mkIf cfg.systemd-boot.enable {
      boot.loader.grub.enable = lib.mkDefault false;
      boot.loader.supportsInitrdSecrets = true;
      system.boot.loader.id = "systemd-boot";
      system.build.installBootLoader = installer "systemd-boot";
    })
    (lib.mkIf cfg.generationsDir.enable {
      system.boot.loader.id = "generationsDir";
      system.build.installBootLoader = installer "generations-dir";
    })
    (lib.mkIf cfg.external.enable {
      boot.loader.grub.enable = lib.mkDefault false;
      system.boot.loader.id = "external";
      system.build.installBootLoader = cfg.external.installHook;
    })
    {
      assertions = [
        {
          assertion =
            cfg.supportsInitrdSecrets
            || builtins.all (source: source != null && lib.hasPrefix builtins.storeDir (toString source)) (
              builtins.attrValues config.boot.initrd.secrets
            );
          message = "boot.initrd.secrets values must be unquoted paths when using a bootloader that doesn't natively support initrd secrets.";
        }
      ];
    }
  ];
}

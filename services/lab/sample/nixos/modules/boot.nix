# Kernel and first stage: what is loaded and said on the command line.  After nixpkgs' nixos/modules/system/boot/kernel.nix
# (4aa6836a648c of Swarsel/nixpkgs, a copy of 2026; lists of strings before, 045d702e8af1), stage-1.nix and stage-2.nix
# (00976b194fe3), grow-partition.nix (096caf5e4c70; what it does, 4aa6836a648c of that copy), tasks/filesystems.nix
# (0148e16d1446), virtualisation/nixos-containers.nix (4aa6836a648c) and activation/top-level.nix (01502f439c6a).
{ config, lib, pkgs, utils, ... }:
let
  inherit (lib) mkOption types;
  names = mkOption { type = types.listOf types.str; default = [ ]; };
  commands = mkOption { type = types.lines; default = ""; };
  enabled = types.coercedTo (types.listOf types.str) (given: lib.genAttrs given (_: true)) (types.attrsOf types.bool);
  modules = mkOption {
    type = enabled;
    default = { };
    apply = given: builtins.attrNames (lib.filterAttrs (_: wanted: wanted) given);
  };
in
{
  options.boot = {
    kernelPackages = mkOption { type = types.raw; default = pkgs.linuxPackages; };
    kernelParams = mkOption { type = types.listOf types.str; default = [ ]; };
    kernelModules = modules;
    growPartition = lib.mkEnableOption "growing the root partition on boot";
    consoleLogLevel = mkOption { type = types.int; default = 4; };
    isContainer = mkOption { type = types.bool; default = false; };
    resumeDevice = mkOption { type = types.str; default = ""; example = "/dev/sda3"; };
    postBootCommands = commands;
    supportedFilesystems = mkOption { default = { }; type = enabled; };
    # tasks/filesystems/zfs.nix (00f7b4bdb0be)
    zfs.extraPools = names;

    initrd = {
      enable = mkOption { type = types.bool; default = !config.boot.isContainer; };
      availableKernelModules = modules;
      kernelModules = modules;
      prepend = names;
      compressor = mkOption { type = types.str; default = "gzip -9n"; internal = true; };
      supportedFilesystems = mkOption { default = { }; type = enabled; };
      secrets = mkOption { type = types.attrsOf (types.nullOr types.path); default = { }; internal = true; };
      preDeviceCommands = commands;
      preLVMCommands = commands;
      postDeviceCommands = commands;
      postResumeCommands = commands;
      postMountCommands = commands;
      preFailCommands = commands;
      # initrd-network.nix (05924f714f31), initrd-ssh.nix (001dade9d8f9)
      network.enable = mkOption { type = types.bool; default = false; };
      network.flushBeforeStage2 = mkOption { type = types.bool; default = !config.boot.initrd.systemd.enable; };
      network.postCommands = commands;
      network.ssh.enable = mkOption { type = types.bool; default = false; };
      # systemd/initrd.nix: false in 00e6b22b508f of 2025, true since 26.05 (pull request 435781; 4aa6836a648c of Swarsel's
      # copy), which also lets `root` be null.
      systemd.enable = lib.mkEnableOption "systemd in initrd" // { default = true; };
      systemd.root = mkOption { type = types.nullOr (types.enum [ "fstab" "gpt-auto" ]); default = "fstab"; example = "gpt-auto"; };
      # networkd.nix, systemd/repart.nix (4aa6836a648c of the copy)
      systemd.network.enable = mkOption { type = types.bool; default = false; };
      systemd.network.networks = mkOption { type = types.attrsOf types.attrs; default = { }; };
      systemd.network.netdevs = mkOption { type = types.attrsOf types.attrs; default = { }; };
      systemd.network.wait-online.enable = mkOption { type = types.bool; default = true; };
      # systemd/initrd.nix (00e6b22b508f)
      systemd.extraBin = mkOption { type = types.attrsOf types.path; default = { }; };
      systemd.repart.enable = lib.mkEnableOption "systemd-repart";
      systemd.repart.device = mkOption { type = types.nullOr types.str; default = null; example = "/dev/vda"; };
      systemd.emergencyAccess = mkOption { type = types.oneOf [ types.bool types.str ]; default = false; };
    };
  };

  # tasks/filesystems/btrfs.nix (03a362fe87d4)
  options.services.btrfs.autoScrub = {
    enable = lib.mkEnableOption "regular btrfs scrub";
    fileSystems = mkOption { type = types.listOf types.path; };
    interval = mkOption { type = types.str; default = "monthly"; };
  };

  options.system.boot.loader = {
    id = mkOption { internal = true; default = ""; };
    kernelFile = mkOption { internal = true; default = pkgs.stdenv.hostPlatform.linux-kernel.target; type = types.str; };
    initrdFile = mkOption { internal = true; default = "initrd"; type = types.str; };
  };

  config = {
    system.build.kernel = config.boot.kernelPackages.kernel;
    boot.kernelParams =
      [ "loglevel=${toString config.boot.consoleLogLevel}" ]
      ++ lib.optionals config.boot.initrd.systemd.enable (
        lib.optional (config.boot.initrd.systemd.root != null) "root=${config.boot.initrd.systemd.root}"
        ++ lib.optional (config.boot.resumeDevice != "") "resume=${config.boot.resumeDevice}"
        ++ lib.optional (config.boot.initrd.systemd.root == "gpt-auto") "rw"
      );
    boot.kernelModules = [ "loop" ];
    boot.initrd.systemd.network.enable = lib.mkIf config.boot.initrd.systemd.enable (lib.mkDefault config.boot.initrd.network.enable);
    boot.initrd.systemd.services.systemd-repart = lib.mkIf config.boot.initrd.systemd.repart.enable {
      wantedBy = [ "initrd.target" ];
      requires = lib.optional (config.boot.initrd.systemd.repart.device != null) (utils.deviceUnit config.boot.initrd.systemd.repart.device);
      script = "echo 'a partition table would be written'; exit 1";
    };
    # networkd as far as the first stage needs it: modules by what the devices say they are, then an address for each card
    # that a file below /run names.
    boot.initrd.systemd.services.systemd-networkd = lib.mkIf config.boot.initrd.systemd.network.enable {
      wantedBy = [ "initrd.target" ];
      script = builtins.readFile ./networkd.sh;
    };
    systemd.services.growpart = lib.mkIf config.boot.growPartition {
      after = [ "-.mount" ];
      wantedBy = [ "-.mount" ];
      unitConfig.DefaultDependencies = false;
      serviceConfig.Type = "oneshot";
      script = ''[ -b "$(readlink -f "${config.fileSystems."/".device}")" ]'';
    };

    services.btrfs.autoScrub.fileSystems = lib.mkIf config.services.btrfs.autoScrub.enable (
      lib.mkDefault (
        lib.mapAttrsToList (_: fs: fs.mountPoint) (lib.filterAttrs (_: fs: fs.fsType == "btrfs") config.fileSystems)
      )
    );

    assertions =
      [
        {
          assertion = config.boot.resumeDevice == "" || lib.hasPrefix "/" config.boot.resumeDevice;
          message = "boot.resumeDevice has to be an absolute path. Old \"x:y\" style is no longer supported.";
        }
        {
          assertion = !config.boot.growPartition || !(config.boot.initrd.systemd.repart.enable || config.systemd.repart.enable);
          message = "systemd-repart already grows the root partition and thus you should not use boot.growPartition";
        }
        {
          assertion = !config.services.btrfs.autoScrub.enable || config.services.btrfs.autoScrub.fileSystems != [ ];
          message = "If 'services.btrfs.autoScrub' is enabled, you need to have at least one btrfs file system mounted via 'fileSystems'.";
        }
      ]
      ++ map
        (name: {
          assertion = !config.boot.initrd.systemd.enable || config.boot.initrd.${name} == "";
          message = "systemd stage 1 does not support 'boot.initrd.${name}'. Please convert it to analogous systemd units in 'boot.initrd.systemd'.";
        })
        [
          "preFailCommands"
          "preDeviceCommands"
          "preLVMCommands"
          "postDeviceCommands"
          "postResumeCommands"
          "postMountCommands"
        ];
  };
}

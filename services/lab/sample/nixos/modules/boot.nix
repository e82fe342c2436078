# Kernel and first stage: what is loaded and said on the command line.  After nixpkgs' nixos/modules/system/boot/kernel.nix
# (045d702e8af1), stage-1.nix (00976b194fe3), stage-2.nix and tasks/filesystems.nix (0148e16d1446).
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
  names = mkOption { type = types.listOf types.str; default = [ ]; };
  commands = mkOption { type = types.lines; default = ""; };
in
{
  options.boot = {
    kernelPackages = mkOption { type = types.raw; default = pkgs.linuxPackages; };
    kernelParams = mkOption { type = types.listOf types.str; default = [ ]; };
    kernelModules = names;
    consoleLogLevel = mkOption { type = types.int; default = 4; };
    isContainer = mkOption { type = types.bool; default = false; };
    resumeDevice = mkOption { type = types.str; default = ""; example = "/dev/sda3"; };
    postBootCommands = commands;
    supportedFilesystems = mkOption {
      default = { };
      type = types.coercedTo (types.listOf types.str) (enabled: lib.genAttrs enabled (_: true)) (types.attrsOf types.bool);
    };
    zfs.extraPools = names;

    initrd = {
      enable = mkOption { type = types.bool; default = !config.boot.isContainer; };
      availableKernelModules = names;
      kernelModules = names;
      prepend = names;
      compressor = mkOption { type = types.str; default = "gzip -9n"; internal = true; };
      supportedFilesystems = mkOption {
        default = { };
        type = types.coercedTo (types.listOf types.str) (enabled: lib.genAttrs enabled (_: true)) (types.attrsOf types.bool);
      };
      secrets = mkOption { type = types.attrsOf (types.nullOr types.path); default = { }; internal = true; };
      preDeviceCommands = commands;
      preLVMCommands = commands;
      postDeviceCommands = commands;
      postResumeCommands = commands;
      postMountCommands = commands;
      preFailCommands = commands;
      # initrd-network.nix (05924f714f31), initrd-ssh.nix
      network.enable = mkOption { type = types.bool; default = false; };
      network.flushBeforeStage2 = mkOption { type = types.bool; default = !config.boot.initrd.systemd.enable; };
      network.postCommands = commands;
      network.ssh.enable = mkOption { type = types.bool; default = false; };
      # systemd/initrd.nix (00e6b22b508f)
      systemd.enable = lib.mkEnableOption "systemd in initrd" // { default = true; };
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
        [ "root=fstab" ] ++ lib.optional (config.boot.resumeDevice != "") "resume=${config.boot.resumeDevice}"
      );
    boot.kernelModules = [ "loop" ];

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

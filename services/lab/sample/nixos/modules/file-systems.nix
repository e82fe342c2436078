# File systems.  After nixpkgs' nixos/modules/tasks/filesystems.nix (0148e16d1446), tasks/filesystems/overlayfs.nix
# (15162cff9ee3) and, for neededForBoot, system/boot/stage-1.nix (00976b194fe3): three modules declare one option there too.
{ config, lib, utils, ... }@system:
let
  inherit (lib) mkOption types;
  selfMade = [ "proc" "sysfs" "tmpfs" "ramfs" "devtmpfs" "devpts" ];
  mountPoint = types.addCheck types.nonEmptyStr (path: builtins.match ".+/" path == null);

  core =
    { name, config, ... }:
    {
      options = {
        enable = lib.mkEnableOption "the filesystem mount" // { default = true; };
        mountPoint = mkOption { example = "/mnt/usb"; type = mountPoint; default = name; };
        device = mkOption { default = null; example = "/dev/sda"; type = types.nullOr types.nonEmptyStr; };
        fsType = mkOption { default = "auto"; example = "ext3"; type = types.nonEmptyStr; };
        options = mkOption { default = [ "defaults" ]; type = types.nonEmptyListOf types.nonEmptyStr; };
        depends = mkOption { default = [ ]; type = types.listOf mountPoint; };
        label = mkOption { default = null; type = types.nullOr types.nonEmptyStr; };
        autoFormat = mkOption { default = false; type = types.bool; };
        autoResize = mkOption { default = false; type = types.bool; };
        noCheck = mkOption { default = false; type = types.bool; };
      };
      config.device = lib.mkMerge [
        (lib.mkIf (builtins.elem config.fsType selfMade) (lib.mkDefault config.fsType))
        (lib.mkIf (config.label != null) (lib.mkDefault "/dev/disk/by-label/${config.label}"))
      ];
      config.options = lib.mkMerge [
        (lib.mkIf config.autoResize [ "x-systemd.growfs" ])
        (lib.mkIf (utils.fsNeededForBoot config) [ "x-initrd.mount" ])
      ];
    };

  early.options.neededForBoot = mkOption { default = false; type = types.bool; };

  overlay =
    { config, ... }:
    let
      inStage1 = system.config.boot.initrd.systemd.enable && config.overlay.useStage1BaseDirectories && utils.fsNeededForBoot config;
      at = path: (if inStage1 then "/sysroot" else "") + path;
    in
    {
      options.overlay = {
        lowerdir = mkOption { type = types.nullOr (types.nonEmptyListOf types.str); default = null; };
        upperdir = mkOption { type = types.nullOr types.str; default = null; };
        workdir = mkOption { type = types.nullOr types.str; default = null; };
        useStage1BaseDirectories = mkOption { type = types.bool; default = true; };
      };
      config = lib.mkIf (config.overlay.lowerdir != null) {
        fsType = "overlay";
        device = lib.mkDefault "overlay";
        depends = config.overlay.lowerdir ++ lib.optionals (config.overlay.upperdir != null) [ config.overlay.upperdir config.overlay.workdir ];
        options =
          [ "lowerdir=${lib.concatMapStringsSep ":" at config.overlay.lowerdir}" ]
          ++ lib.optionals (config.overlay.upperdir != null) [
            "upperdir=${at config.overlay.upperdir}"
            "workdir=${at config.overlay.workdir}"
          ];
      };
    };
in
{
  imports = [
    { options.fileSystems = mkOption { type = types.attrsOf (types.submodule early); }; }
    { options.fileSystems = mkOption { type = types.attrsOf (types.submodule [ overlay ]); }; }
  ];

  options.fileSystems = mkOption {
    default = { };
    type = types.attrsOf (types.submodule core);
    apply = lib.filterAttrs (_: fs: fs.enable);
  };

  config = {
    system.build.fileSystems = utils.sorted (builtins.attrValues config.fileSystems);
    boot.supportedFilesystems = map (fs: fs.fsType) (builtins.attrValues config.fileSystems);
    boot.initrd.supportedFilesystems = map (fs: fs.fsType) (
      builtins.filter utils.fsNeededForBoot (builtins.attrValues config.fileSystems)
    );

    assertions =
      [
        {
          assertion = builtins.any (fs: fs.mountPoint == "/") (builtins.attrValues config.fileSystems);
          message = "The ‘fileSystems’ option does not specify your root file system.";
        }
      ]
      ++ map (fs: {
        assertion = fs.label == null || fs.device == "/dev/disk/by-label/${fs.label}";
        message = "The filesystem with mount point ${fs.mountPoint} has its label and device set to inconsistent values.";
      }) (builtins.attrValues config.fileSystems);

    environment.etc.fstab.text = lib.concatMapStrings (
      fs: "${toString fs.device} ${fs.mountPoint} ${fs.fsType} ${builtins.concatStringsSep "," fs.options} 0 0\n"
    ) config.system.build.fileSystems + lib.concatMapStrings (swap: "${swap.realDevice} none swap ${builtins.concatStringsSep "," swap.options} 0 0\n") config.swapDevices;
  };
}

# Disks as data.  Option names, types and defaults after nix-community/disko's module.nix (0ab8a401ae9a); of what it makes
# from them, the file systems of single partitions.
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.disko;
  partitions = builtins.concatMap (disk: builtins.attrValues disk.content.partitions) (builtins.attrValues cfg.devices.disk);
in
{
  options.disko = {
    devices = mkOption { type = types.attrs; default = { }; };
    rootMountPoint = mkOption { type = types.str; default = "/mnt"; };
    enableConfig = mkOption { type = types.bool; default = true; };
  };

  config.fileSystems = lib.mkIf cfg.enableConfig (
    builtins.listToAttrs (
      map (partition: lib.nameValuePair partition.content.mountpoint { inherit (partition) device; fsType = partition.content.format; }) partitions
    )
  );
}

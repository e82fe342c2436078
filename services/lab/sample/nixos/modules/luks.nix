# Encrypted devices that the first stage opens.  After nixpkgs' nixos/modules/system/boot/luksroot.nix (0080a8125b58).
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
in
{
  options.boot.initrd.luks = {
    mitigateDMAAttacks = mkOption { type = types.bool; default = true; };
    forceLuksSupportInInitrd = mkOption { type = types.bool; default = false; internal = true; };
    reusePassphrases = mkOption { type = types.bool; default = true; };
    devices = mkOption {
      default = { };
      type = types.attrsOf (
        types.submodule (
          { name, ... }:
          {
            options = {
              name = mkOption { visible = false; default = name; type = types.str; };
              device = mkOption { example = "/dev/disk/by-uuid/430e9eff-d852-4f68-aa3b-2fa3599ebe08"; type = types.str; };
              header = mkOption { default = null; type = types.nullOr types.str; };
              keyFile = mkOption { default = null; type = types.nullOr types.str; };
              preLVM = mkOption { default = true; type = types.bool; };
              allowDiscards = mkOption { default = false; type = types.bool; };
              bypassWorkqueues = mkOption { default = false; type = types.bool; };
              fallbackToPassword = mkOption { default = false; type = types.bool; };
            };
          }
        )
      );
    };
  };

  config.boot.initrd.kernelModules = lib.mkIf (config.boot.initrd.luks.devices != { }) [ "dm_mod" "dm_crypt" ];
}

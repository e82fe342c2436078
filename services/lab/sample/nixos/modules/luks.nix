# Encrypted devices that the first stage opens.  After nixpkgs' nixos/modules/system/boot/luksroot.nix (0080a8125b58) and
# clevis.nix (0671b30d1208).
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

  options.boot.initrd.clevis = {
    enable = lib.mkEnableOption "Clevis in initrd";
    useTang = mkOption { type = types.bool; default = false; };
    devices = mkOption {
      default = { };
      type = types.attrsOf (types.submodule { options.secretFile = mkOption { type = types.path; }; });
    };
  };

  config.boot.initrd.kernelModules = lib.mkIf (config.boot.initrd.luks.devices != { }) [ "dm_mod" "dm_crypt" ];
  config.boot.initrd.secrets = lib.mkIf config.boot.initrd.clevis.enable (
    builtins.listToAttrs (
      lib.mapAttrsToList (name: device: lib.nameValuePair "/etc/clevis/${name}.jwe" device.secretFile) config.boot.initrd.clevis.devices
    )
  );
  config.assertions = lib.optionals config.boot.initrd.clevis.enable (
    map (name: {
      assertion = config.boot.initrd.luks.devices ? ${name};
      message = "No filesystem or LUKS device with the name ${name} is declared in your configuration.";
    }) (builtins.attrNames config.boot.initrd.clevis.devices)
  );
}

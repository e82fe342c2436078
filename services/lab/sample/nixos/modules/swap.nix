# Swap devices.  After nixpkgs' nixos/modules/config/swap.nix (03a362fe87d4).
{ lib, utils, ... }:
let
  inherit (lib) mkOption types;
in
{
  options.swapDevices = mkOption {
    default = [ ];
    example = [ { device = "/dev/hda7"; } { device = "/var/swapfile"; } { label = "bigswap"; } ];
    type = types.listOf (
      types.submodule (
        { config, options, ... }:
        {
          options = {
            device = mkOption { example = "/dev/sda3"; type = types.str; };
            label = mkOption { example = "swap"; type = types.str; };
            size = mkOption { default = null; type = types.nullOr types.int; };
            priority = mkOption { default = null; type = types.nullOr types.int; };
            randomEncryption = mkOption {
              default = false;
              type = types.coercedTo types.bool (enable: { inherit enable; }) (
                types.submodule {
                  options.enable = mkOption { default = false; type = types.bool; };
                  options.cipher = mkOption { default = "aes-xts-plain64"; type = types.str; };
                  options.source = mkOption { default = "/dev/urandom"; type = types.str; };
                }
              );
            };
            discardPolicy = mkOption { default = null; type = types.nullOr (types.enum [ "once" "pages" "both" ]); };
            options = mkOption { default = [ "defaults" ]; type = types.listOf types.nonEmptyStr; };
            deviceName = mkOption { type = types.str; internal = true; };
            realDevice = mkOption { type = types.path; internal = true; };
          };
          config = {
            device = lib.mkIf options.label.isDefined "/dev/disk/by-label/${config.label}";
            deviceName = builtins.replaceStrings [ "\\" ] [ "" ] (utils.escapeSystemdPath config.device);
            realDevice = if config.randomEncryption.enable then "/dev/mapper/${config.deviceName}" else config.device;
          };
        }
      )
    );
  };
}

# Secure Boot.  Option names, types and defaults after nix-community/lanzaboote's nix/modules/lanzaboote.nix (0277d34c208c).
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
  cfg = config.boot.lanzaboote;
in
{
  options.boot.lanzaboote = {
    enable = lib.mkEnableOption "Enable the LANZABOOTE";
    configurationLimit = mkOption {
      default = config.boot.loader.systemd-boot.configurationLimit;
      type = types.nullOr types.int;
    };
    pkiBundle = mkOption { type = types.nullOr types.path; };
  };

  config = lib.mkIf cfg.enable {
    boot.loader.supportsInitrdSecrets = true;
    boot.loader.external = {
      enable = true;
      installHook = pkgs.writeScript "lzbt" "#!${pkgs.runtimeShell}\necho signed with ${toString cfg.pkiBundle}\n";
    };
  };
}

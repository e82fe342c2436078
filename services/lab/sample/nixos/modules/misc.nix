# Names, releases, assertions: options that every NixOS host has.  Names, types and defaults after nixpkgs' nixos/modules/:
# misc/assertions.nix (08062fccc11d), misc/nixpkgs.nix (026ffb9e7abf), misc/version.nix (03a362fe87d4),
# tasks/network-interfaces.nix (003a3fd2f05c), system/etc/etc.nix (05924f714f31), config/system-path.nix (0354e8b747c8).
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
in
{
  options = {
    assertions = mkOption {
      type = types.listOf types.unspecified;
      internal = true;
      default = [ ];
      example = [ { assertion = false; message = "you can't enable this for that reason"; } ];
    };
    warnings = mkOption { type = types.listOf types.str; internal = true; default = [ ]; };
    meta = mkOption { type = types.attrs; internal = true; default = { }; };
    lib = mkOption { type = types.attrsOf types.attrs; default = { }; };

    nixpkgs.hostPlatform = mkOption {
      type = types.either types.str types.attrs;
      apply = platform: if builtins.isString platform then { system = platform; } else platform;
    };

    networking.hostName = mkOption {
      default = "nixos";
      type = types.strMatching "^$|^[[:alnum:]]([[:alnum:]_-]{0,61}[[:alnum:]])?$";
    };
    networking.useDHCP = mkOption { type = types.bool; default = true; };

    system.stateVersion = mkOption { type = types.str; default = lib.trivial.release; };
    system.name = mkOption {
      type = types.str;
      default = if config.networking.hostName == "" then "unnamed" else config.networking.hostName;
    };
    system.nixos.release = mkOption { type = types.str; readOnly = true; default = lib.trivial.release; };
    system.nixos.label = mkOption { type = types.strMatching "[a-zA-Z0-9:_\\.-]*"; };

    environment.etc = mkOption {
      default = { };
      type = types.attrsOf (
        types.submodule (
          { name, config, ... }:
          {
            options = {
              enable = mkOption { type = types.bool; default = true; };
              target = mkOption { type = types.str; };
              text = mkOption { type = types.nullOr types.lines; default = null; };
              source = mkOption { type = types.path; };
            };
            config = {
              target = lib.mkDefault name;
              source = lib.mkIf (config.text != null) (lib.mkDefault (pkgs.writeText "etc-${baseNameOf name}" config.text));
            };
          }
        )
      );
    };
    environment.systemPackages = mkOption { type = types.listOf types.package; default = [ ]; };
  };

  config = {
    system.nixos.label = lib.mkDefault "${config.system.nixos.release}.lab";
    environment.systemPackages = [ pkgs.busybox pkgs.systemd pkgs.udhcpc-bound ];
    environment.etc.hostname.text = config.networking.hostName + "\n";
  };
}

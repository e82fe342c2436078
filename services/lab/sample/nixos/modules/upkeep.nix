# Nix on the host, and what keeps it up to date.  After nixpkgs' nixos/modules/services/system/nix-daemon.nix and
# tasks/auto-upgrade.nix (4aa6836a648c of Swarsel/nixpkgs, a copy of 2026).
{ config, lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
in
{
  options.nix.enable = mkOption { type = types.bool; default = true; };
  options.nix.extraOptions = mkOption { type = types.lines; default = ""; };
  options.nix.package = mkOption { type = types.package; default = pkgs.nix; };
  # services/networking/ssh/sshd.nix
  options.services.openssh.hostKeys = mkOption {
    type = types.listOf types.attrs;
    default = [
      { type = "rsa"; bits = 4096; path = "/etc/ssh/ssh_host_rsa_key"; }
      { type = "ed25519"; path = "/etc/ssh/ssh_host_ed25519_key"; }
    ];
  };
  options.system.autoUpgrade.enable = mkOption { type = types.bool; default = false; };
  options.system.autoUpgrade.flake = mkOption { type = types.nullOr types.str; default = null; };

  config.environment.etc."nix/nix.conf" = lib.mkIf config.nix.enable { text = config.nix.extraOptions; };

  # Nix builds nothing on top of paths that its database does not know, and asks the cache that its nix.conf leads to.
  config.systemd.services.nix-daemon = lib.mkIf config.nix.enable {
    wantedBy = [ "multi-user.target" ];
    serviceConfig.Type = "oneshot";
    path = [ config.nix.package ];
    script = ''
      system=$(readlink -f /run/current-system)
      nix-store --check-validity "$system" || { echo "$system is not known here"; exit 1; }
      if grep -q " nixie.cache=" /proc/cmdline; then
        included=$(sed -n 's/^!include //p' /etc/nix/nix.conf)
        grep "^extra-substituters = http" "$included" || { echo "nix.conf includes no cache"; exit 1; }
      fi
    '';
  };
}

# The client module: a host that Nixie booted tells it so, once, and knows which of its network cards the boot came through.
#
# Works with every NixOS release that has systemd services, changes no option of the host, and may be imported twice (by the
# host itself and by Nixie): modules with one key count once.  The command line carries what it needs:
#   nixie.boot=http://…/up/<id>.<secret>   where to tell, and the right to tell once
#   BOOTIF=01-aa-bb-cc-dd-ee-ff            the card that loaded the kernel
{ config, lib, pkgs, ... }:
let
  # curl on a real system; the lab's small one has busybox.
  sender = pkgs.curl or pkgs.busybox;

  networkd = lib.attrByPath [ "systemd" "network" "enable" ] false config;
in
{
  _file = "nixie/client.nix";
  key = "nixie/client.nix";

  config.systemd.services = {
    nixie-identity = {
      description = "Note which network card this system was booted through";
      wantedBy = [ "multi-user.target" ];
      wants = [ "network-pre.target" ];
      before = [ "network-pre.target" ];
      restartIfChanged = false;
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
        RuntimeDirectory = "nixie";
        RuntimeDirectoryPreserve = true;
      };
      environment.NIXIE_NETWORKD = if networkd then "1" else "";
      script = builtins.readFile ./identity.sh;
    };

    nixie-phone-home = {
      description = "Tell the router that this system is up";
      wantedBy = [ "multi-user.target" ];
      # Not network-online.target: a second card without a cable would hold that up. The script tries until it gets through.
      after = [ "nixie-identity.service" "network.target" ];
      restartIfChanged = false;
      path = [ sender ];
      serviceConfig = {
        Type = "exec";
        RuntimeDirectory = "nixie";
        RuntimeDirectoryPreserve = true;
        NoNewPrivileges = true;
        PrivateTmp = true;
        ProtectHome = true;
        ProtectSystem = "strict";
      };
      script = builtins.readFile ./phone-home.sh;
    };
  };
}

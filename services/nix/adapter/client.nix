# The client module: a host that Nixie booted tells it so, once, and what it is switched to by hand, knows which of its network
# cards the boot came through, has its Nix ask the router's binary cache first, and its identity in place before it is activated.
#
# Works with every NixOS release that has systemd services, changes no option of the host but for one line that nix.conf
# ends with, and may be imported twice (by the host itself and by Nixie): modules with one key count once.  The command line
# carries what it needs:
#   nixie.boot=http://…/up/<id>.<secret>   where to tell, and the right to tell once that it is up, and what it runs later
#   nixie.identity=http://…/id/<id>.<secret>   where its first stage asks who it is (keys.nix), and the right to ask
#   nixie.cache=http://…/cache=KEY         where the binary cache is, and its public key
#   BOOTIF=01-aa-bb-cc-dd-ee-ff            the card that loaded the kernel
{ config, lib, options, pkgs, ... }:
let
  # curl on a real system; the lab's small one has busybox.
  sender = pkgs.curl or pkgs.busybox;

  # nix.conf is in the image, the address is known when it boots: so the one reads a file that is made of the other.
  asksCache =
    if lib.hasAttrByPath [ "nix" "extraOptions" ] options then
      { nix.extraOptions = "!include /run/nixie/nix.conf"; }
    else
      { };

  needed = config.nixie.health;
  networkd = lib.attrByPath [ "systemd" "network" "enable" ] false config;
in
{
  _file = "nixie/client.nix";
  key = "nixie/client.nix";
  imports = [ ./keys.nix ];

  options.nixie.health = {
    units = lib.mkOption {
      type = lib.types.listOf (lib.types.strMatching "[A-Za-z0-9:_.@\\-]+[.][a-z]+");
      default = [ ];
      example = [ "nginx.service" ];
      description = ''
        Units that must be active for a start to count as good.  A oneshot service stays active with RemainAfterExit.
        A generation that starts without them on one machine twice, and well on none, is bad: the one before is served.
      '';
    };
    seconds = lib.mkOption {
      type = lib.types.ints.positive;
      default = 90;
      description = "How long they may take to become active, counted from when the network is there.";
    };
  };

  config = asksCache // {
    systemd.services.nixie-cache = {
      description = "Tell Nix of the router's binary cache";
      wantedBy = [ "multi-user.target" ];
      before = [ "nix-daemon.service" ];
      restartIfChanged = false;
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
        RuntimeDirectory = "nixie";
        RuntimeDirectoryPreserve = true;
      };
      script = builtins.readFile ./cache.sh;
    };

    systemd.services.nixie-identity = {
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

    systemd.services.nixie-phone-home = {
      description = "Tell the router that this system is up";
      wantedBy = [ "multi-user.target" ];
      # Not network-online.target: a second card without a cable would hold that up. The script tries until it gets through.
      after = [ "nixie-identity.service" "network.target" ];
      restartIfChanged = false;
      path = [ sender ];
      environment.NIXIE_HEALTH = toString needed.units;
      environment.NIXIE_HEALTH_SECONDS = toString needed.seconds;
      serviceConfig = {
        Type = "exec";
        RuntimeDirectory = "nixie";
        RuntimeDirectoryPreserve = true;
        NoNewPrivileges = true;
        PrivateTmp = true;
        ProtectHome = true;
        ProtectSystem = "strict";
      };
      # A switch to a system without this module does not end it: that is what it tells of.
      unitConfig.X-StopOnRemoval = false;
      script = builtins.readFile ./phone-home.sh;
    };
  };
}

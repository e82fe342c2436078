# A thin image: systemd's first stage fetches the store from the router, when the command line says so.
#
#   nixie.store=http://…/b/<token>/<sha256>/store.squashfs   where it is, and what its bytes must come to
#   nixie.store-size=BYTES                                   how many there are
#
# Without these words both services stay out of the way, and the store is the one inside the ramdisk: one initial ramdisk
# serves both ways.  The address is asked for with the hardware address as client id, as the firmware did, so it is the same.
# Not for the scripted first stage, which has neither units nor networkd.
{ config, lib, options, pkgs, ... }:
let
  # Above the adapter, which has no network in the first stage.
  over = lib.mkOverride 9;
  declared = path: (lib.attrByPath path { } options)._type or null == "option";
  set = path: value: if declared path then lib.setAttrByPath path (over value) else { };

  mount = "sysroot-nix-.ro\\x2dstore.mount";
  # Leaving the first stage stops what is not kept, and with the service the mount that requires it would go.
  asked = {
    DefaultDependencies = false;
    IgnoreOnIsolate = true;
    ConditionKernelCommandLine = "nixie.store";
  };
  once = { Type = "oneshot"; RemainAfterExit = true; StandardOutput = "journal+console"; StandardError = "journal+console"; };
in
{
  _file = "nixie/thin.nix";
  key = "nixie/thin.nix";

  config = lib.mkIf config.boot.initrd.systemd.enable (
    lib.mkMerge [
      (set [ "boot" "initrd" "systemd" "network" "enable" ] true)
      # Nothing else in the first stage waits for a network.
      (set [ "boot" "initrd" "systemd" "network" "wait-online" "enable" ] false)
      # What the ramdisk lacks of its own: coreutils, bash and mount are there.
      (lib.optionalAttrs (declared [ "boot" "initrd" "systemd" "extraBin" ]) {
        boot.initrd.systemd.extraBin = lib.mkIf (pkgs ? curl) { curl = over "${pkgs.curl}/bin/curl"; };
      })
      {
        boot.initrd.systemd.services.nixie-network = {
          description = "Choose the network card that the boot came through";
          requiredBy = [ "nixie-store.service" ];
          before = [ "systemd-networkd.service" ];
          unitConfig = asked;
          serviceConfig = once;
          script = builtins.readFile ./thin-network.sh;
        };
        boot.initrd.systemd.services.nixie-store = {
          description = "Fetch the store from the router";
          requiredBy = [ mount ];
          before = [ mount ];
          wants = [ "systemd-networkd.service" ];
          after = [ "nixie-network.service" "systemd-networkd.service" ];
          unitConfig = asked;
          serviceConfig = once // { TimeoutStartSec = "infinity"; };
          script = builtins.readFile ./thin-store.sh;
        };
      }
    ]
  );
}

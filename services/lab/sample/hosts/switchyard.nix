# Lives on a disk with the scripted first stage, and has other selves to choose from.
{ lib, ... }:
{
  imports = [ ./lab.nix ];
  networking.hostName = "switchyard";

  boot.loader.grub.device = "/dev/vda";
  boot.initrd.systemd.enable = false;
  boot.initrd.postDeviceCommands = "[ -e /dev/vda1 ] || give_up 'nothing to roll back on /dev/vda1'";
  fileSystems."/" = { device = "/dev/vda1"; fsType = "ext4"; autoResize = true; };
  swapDevices = [ { device = "/var/swapfile"; size = 1024; } ];

  specialisation.quiet.configuration.boot.kernelParams = [ "quiet" ];
  specialisation.night.configuration.networking.hostName = lib.mkForce "switchyard-night";
}

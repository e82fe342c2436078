# An installer's medium, as `nixos-rebuild build-image` makes one: its store lies on a disc that is not in the machine.
{ modulesPath, ... }:
{
  imports = [ ./lab.nix (modulesPath + "/installer/cd-dvd/iso-image.nix") ];
  networking.hostName = "keystone";
  boot.initrd.systemd.enable = false;
}

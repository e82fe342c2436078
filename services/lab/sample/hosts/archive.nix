# Lives on disks: everything here must give way when it boots from the network, also what is forced.
{ lib, pkgs, ... }:
{
  imports = [ ./lab.nix ];
  networking.hostName = "archive";

  boot.loader.systemd-boot.enable = true;
  boot.loader.efi.canTouchEfiVariables = true;
  boot.loader.timeout = 3;

  boot.initrd.luks.devices.vault.device = "/dev/disk/by-uuid/8f0c6e2a-5d8c-4a3c-9d0b-0d6b7f3a1c55";
  boot.initrd.secrets."/etc/vault.key" = "/persist/vault.key";
  boot.resumeDevice = "/dev/disk/by-label/swap";
  services.btrfs.autoScrub.enable = true;

  fileSystems."/" = lib.mkForce { device = "/dev/mapper/vault"; fsType = "btrfs"; options = [ "subvol=root" ]; };
  fileSystems."/nix" = { device = "/dev/mapper/vault"; fsType = "btrfs"; options = [ "subvol=nix" ]; };
  fileSystems."/boot" = { device = "/dev/disk/by-label/ESP"; fsType = "vfat"; };
  fileSystems."/home" = { device = "/dev/mapper/vault"; fsType = "btrfs"; options = [ "subvol=home" ]; };
  fileSystems."/data" = { label = "data"; fsType = "ext4"; neededForBoot = true; };
  swapDevices = [ { label = "swap"; } ];

  systemd.services.ledger = {
    description = "a service of this host that has nothing to do with disks";
    wantedBy = [ "multi-user.target" ];
    serviceConfig.Type = "oneshot";
    path = [ pkgs.busybox ];
    script = "mkdir -p /data && date > /data/ledger";
  };
}

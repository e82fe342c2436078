# Lives on disks: everything here must give way when it boots from the network, also what is forced.
{ lib, pkgs, ... }:
{
  imports = [ ./lab.nix ../elsewhere/disko.nix ../elsewhere/lanzaboote.nix ];
  networking.hostName = "archive";

  boot.loader.systemd-boot.enable = lib.mkForce false;
  boot.lanzaboote.enable = true;
  boot.lanzaboote.pkiBundle = "/var/lib/sbctl";
  boot.loader.efi.canTouchEfiVariables = true;
  boot.loader.timeout = 3;

  # Unlocked by a key server of the network.
  boot.initrd.luks.devices.vault.device = "/dev/disk/by-uuid/8f0c6e2a-5d8c-4a3c-9d0b-0d6b7f3a1c55";
  boot.initrd.clevis.enable = true;
  boot.initrd.clevis.devices.vault.secretFile = "/persist/vault.jwe";
  boot.initrd.network.enable = true;
  boot.initrd.secrets."/etc/vault.key" = "/persist/vault.key";
  boot.initrd.availableKernelModules = lib.mkForce [ "ahci" "nvme" "tpm_tis" ];
  boot.resumeDevice = "/dev/disk/by-label/swap";
  boot.growPartition = true;
  services.btrfs.autoScrub.enable = true;
  system.autoUpgrade.enable = true;
  system.autoUpgrade.flake = "github:house/hosts";

  fileSystems."/" = lib.mkForce { device = "/dev/mapper/vault"; fsType = "btrfs"; options = [ "subvol=root" ]; };
  fileSystems."/nix" = { device = "/dev/mapper/vault"; fsType = "btrfs"; options = [ "subvol=nix" ]; };
  fileSystems."/boot" = { device = "/dev/disk/by-label/ESP"; fsType = "vfat"; };
  fileSystems."/home" = { device = "/dev/mapper/vault"; fsType = "btrfs"; options = [ "subvol=home" ]; };
  fileSystems."/data" = { label = "data"; fsType = "ext4"; neededForBoot = true; };
  disko.devices.disk.spool = {
    device = "/dev/sdb";
    content.partitions.spool = {
      device = "/dev/disk/by-partlabel/disk-spool";
      content = { type = "filesystem"; format = "ext4"; mountpoint = "/spool"; };
    };
  };
  swapDevices = [ { label = "swap"; } ];

  # An empty root at each start, as people write it; the second as nix-community/impermanence does (nixos.nix).
  boot.initrd.systemd.services.rollback = {
    description = "Rollback BTRFS root subvolume to a pristine state";
    requiredBy = [ "initrd.target" ];
    after = [ "systemd-cryptsetup@vault.service" ];
    before = [ "sysroot.mount" ];
    unitConfig.DefaultDependencies = "no";
    serviceConfig.Type = "oneshot";
    script = "mkdir -p /mnt && mount -t btrfs -o subvol=/ /dev/mapper/vault /mnt && rm -r /mnt/root/*";
  };
  boot.initrd.systemd.services.create-needed-for-boot-dirs = {
    wantedBy = [ "initrd-root-device.target" ];
    requires = [ "dev-mapper-vault.device" "rollback.service" ];
    after = [ "dev-mapper-vault.device" "rollback.service" ];
    before = [ "sysroot.mount" ];
    unitConfig.DefaultDependencies = false;
    serviceConfig.Type = "oneshot";
    script = "mkdir -p /mnt/data";
  };
  boot.initrd.systemd.services.greeting = {
    description = "a service of the first stage that has nothing to do with disks";
    wantedBy = [ "initrd.target" ];
    serviceConfig.Type = "oneshot";
    script = "echo archive > /run/greeting";
  };

  systemd.services.ledger = {
    description = "a service of this host that has nothing to do with disks";
    wantedBy = [ "multi-user.target" ];
    serviceConfig.Type = "oneshot";
    path = [ pkgs.busybox ];
    script = "mkdir -p /data && date > /data/ledger";
  };
}

# The netboot adapter: makes a host that lives on disks boot from one initial ramdisk with its store inside.
#
# Priority 10 stands above mkForce (50), so it wins over what the host says about its disks, also over what it forces; what
# has nothing to do with disks and boot loaders stays the host's.  Options that a release does not have, or has removed, are
# left alone.  The first stage stays the one the host has: systemd's, or the script where a release still has it.
# The store lies as in nixpkgs' own netboot.nix: /nix-store.squashfs beside the initial ramdisk's files.
{ compression }:
{ config, lib, modulesPath, options, pkgs, ... }:
let
  over = lib.mkOverride 10;

  # A removed option stays declared, hidden; setting it is an error.
  declared =
    path:
    let
      option = lib.attrByPath path { } options;
    in
    (option._type or null) == "option" && (option.visible or true) != false;
  set = path: value: if declared path then lib.setAttrByPath path (over value) else { };

  inFileSystem = options.fileSystems.type.getSubOptions [ ];

  store = {
    "/" = { fsType = "tmpfs"; options = [ "mode=0755" ]; };
    "/nix/.ro-store" = { fsType = "squashfs"; device = "../nix-store.squashfs"; options = [ "loop" ]; neededForBoot = true; };
    "/nix/.rw-store" = { fsType = "tmpfs"; options = [ "mode=0755" ]; neededForBoot = true; };
    "/nix/store" = { neededForBoot = true; } // (if inFileSystem ? overlay then { overlay = layers; } else plainOverlay);
  };
  layers = { lowerdir = [ "/nix/.ro-store" ]; upperdir = "/nix/.rw-store/store"; workdir = "/nix/.rw-store/work"; };
  # Releases before the option `overlay`: the scripted stage puts its own prefix in front.
  prefix = if declared [ "boot" "initrd" "systemd" "enable" ] && config.boot.initrd.systemd.enable then "/sysroot" else "";
  plainOverlay = {
    fsType = "overlay";
    device = "overlay";
    options = [
      "lowerdir=${prefix}/nix/.ro-store"
      "upperdir=${prefix}/nix/.rw-store/store"
      "workdir=${prefix}/nix/.rw-store/work"
    ];
    depends = [ "/nix/.ro-store" "/nix/.rw-store/store" "/nix/.rw-store/work" ];
  };

  modules = [ "loop" "overlay" "squashfs" ];
  belongsToDisk = import ./disk-unit.nix;

  # What a disk host may have said, and what it is here.
  disks = [
    (set [ "swapDevices" ] [ ])
    (set [ "boot" "resumeDevice" ] "")
    (set [ "boot" "growPartition" ] false)
    (set [ "boot" "zfs" "extraPools" ] [ ])
    (set [ "boot" "initrd" "luks" "devices" ] { })
    (set [ "boot" "initrd" "clevis" "enable" ] false)
    # Unlocking from afar, and the keys for it: there is nothing to unlock, and keys must not be on the wire.
    (set [ "boot" "initrd" "network" "enable" ] false)
    (set [ "boot" "initrd" "network" "ssh" "enable" ] false)
    # thin.nix switches it on again, for its own card only.
    (set [ "boot" "initrd" "systemd" "network" "enable" ] false)
    (set [ "boot" "initrd" "systemd" "network" "networks" ] { })
    (set [ "boot" "initrd" "systemd" "network" "netdevs" ] { })
    (set [ "boot" "initrd" "secrets" ] { })
    # Not by what the partitions of some disk say they are.
    (set [ "boot" "initrd" "systemd" "root" ] "fstab")
    # Would write a partition table.
    (set [ "boot" "initrd" "systemd" "repart" "enable" ] false)
    (set [ "systemd" "repart" "enable" ] false)
    # Roll-backs of a root on disk, scans for volumes.
    (set [ "boot" "initrd" "preLVMCommands" ] "")
    (set [ "boot" "initrd" "postDeviceCommands" ] "")
    (set [ "boot" "initrd" "postResumeCommands" ] "")
    (set [ "boot" "initrd" "postMountCommands" ] (config.system.build.nixieKeys or ""))
    # Insists on a btrfs among the file systems.
    (set [ "services" "btrfs" "autoScrub" "enable" ] false)
    (set [ "disko" "enableConfig" ] false)
    # A new system would be built into memory and be gone with the next start.
    (set [ "system" "autoUpgrade" "enable" ] false)
  ];
  loaders = [
    (set [ "boot" "loader" "timeout" ] 0)
    (set [ "boot" "loader" "efi" "canTouchEfiVariables" ] false)
    (set [ "boot" "lanzaboote" "enable" ] false)
  ] ++ map (name: set [ "boot" "loader" name "enable" ] false) [
    "external"
    "generationsDir"
    "generic-extlinux-compatible"
    "grub"
    "initScript"
    "limine"
    "raspberryPi"
    "refind"
    "systemd-boot"
  ];

  # The paths that came along are made known to the host's own Nix, where it has one.
  registers = declared [ "nix" "package" ] && (!(declared [ "nix" "enable" ]) || config.nix.enable);
in
{
  _file = "nixie/netboot.nix";
  key = "nixie/netboot.nix";

  # Declared a second time, so that each service can be judged by what it says itself.  Masking alone would fail what
  # requires it.
  options.boot.initrd.systemd.services = lib.mkOption {
    type = lib.types.attrsOf (
      lib.types.submodule (
        { config, ... }:
        {
          config = lib.mkIf (belongsToDisk config) {
            enable = over false;
            requiredBy = over [ ];
            wantedBy = over [ ];
          };
        }
      )
    );
  };

  config = lib.mkMerge (
    disks
    ++ loaders
    ++ [
      {
        fileSystems = over store;
        # Twice, for hosts that force one of the lists.
        boot.initrd.availableKernelModules = modules;
        boot.initrd.kernelModules = modules;

        system.build.squashfsStore = over (
          pkgs.callPackage (modulesPath + "/../lib/make-squashfs.nix") {
            storeContents = [ config.system.build.toplevel ];
            comp = compression;
          }
        );
      }
      (lib.mkIf registers {
        systemd.services.nixie-register-store = {
          description = "Make the paths of the netbooted store known to Nix";
          # A socket comes before all that has the usual dependencies.
          unitConfig.DefaultDependencies = false;
          unitConfig.ConditionPathExists = "/nix/store/nix-path-registration";
          wantedBy = [ "sysinit.target" ];
          after = [ "local-fs.target" ];
          before = [ "sysinit.target" "nix-daemon.service" "nix-daemon.socket" "shutdown.target" ];
          conflicts = [ "shutdown.target" ];
          serviceConfig.Type = "oneshot";
          serviceConfig.RemainAfterExit = true;
          restartIfChanged = false;
          script = ''
            ${config.nix.package}/bin/nix-store --load-db < /nix/store/nix-path-registration
            touch /etc/NIXOS || true
            ${config.nix.package}/bin/nix-env -p /nix/var/nix/profiles/system --set /run/current-system
          '';
        };
      })
    ]
  );
}

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
      option = builtins.foldl' (set: name: if builtins.isAttrs set then set.${name} or null else null) options path;
    in
    option != null && (option._type or null) == "option" && (option.visible or true) != false;
  set = path: value: if declared path then nested path (over value) else { };
  nested =
    path: value:
    if path == [ ] then value else { ${builtins.head path} = nested (builtins.tail path) value; };

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
    (set [ "boot" "initrd" "systemd" "network" "enable" ] false)
    (set [ "boot" "initrd" "secrets" ] { })
    # Roll-backs of a root on disk, scans for volumes.
    (set [ "boot" "initrd" "preLVMCommands" ] "")
    (set [ "boot" "initrd" "postDeviceCommands" ] "")
    (set [ "boot" "initrd" "postResumeCommands" ] "")
    (set [ "boot" "initrd" "postMountCommands" ] "")
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

  config = lib.mkMerge (
    disks
    ++ loaders
    ++ [
      {
        fileSystems = over store;
        boot.initrd.availableKernelModules = [ "squashfs" "overlay" ];
        boot.initrd.kernelModules = [ "loop" "overlay" ];

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
          wantedBy = [ "multi-user.target" ];
          before = [ "nix-daemon.service" "nix-daemon.socket" ];
          unitConfig.ConditionPathExists = "/nix/store/nix-path-registration";
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

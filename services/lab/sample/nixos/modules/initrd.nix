# The first stage: what nixpkgs' stage-1.nix and systemd/initrd.nix put into system.build.initialRamdisk, here one busybox
# script.  It does what the merged options say and nothing else, so a file system that an adapter forgot stops the boot.
{ config, lib, pkgs, utils, ... }:
let
  cfg = config.boot.initrd;
  early = builtins.filter utils.fsNeededForBoot config.system.build.fileSystems;

  settings = ''
    kind=${if cfg.systemd.enable then "systemd" else "scripted"}
    target=${if cfg.systemd.enable then "/sysroot" else "/mnt-root"}
    modules="${toString cfg.kernelModules}"
    resume="${config.boot.resumeDevice}"
    network=${if cfg.network.enable then "yes" else "no"}
    locked="${toString (lib.mapAttrsToList (_: luks: "${luks.name}=${luks.device}") cfg.luks.devices)}"
  '';

  # One line a file system: device, mount point, type, options.
  fstab = lib.concatMapStrings (
    fs:
    "${if fs.device == null then throw "No device specified for mount point ‘${fs.mountPoint}’." else fs.device} ${fs.mountPoint} ${fs.fsType} ${
      builtins.concatStringsSep "," (builtins.filter (option: !(lib.hasPrefix "x-" option)) fs.options)
    }\n"
  ) early;

  # The services that somebody wants, masked ones too: a call of `unit` each, its script on standard input.
  wanted = lib.filterAttrs (_: s: s.wantedBy ++ s.requiredBy != [ ]) cfg.systemd.services;
  late = s: builtins.elem "initrd-fs.target" s.after;
  units = calls (lib.filterAttrs (_: s: !(late s)) wanted);
  mounted = if cfg.systemd.enable then calls (lib.filterAttrs (_: late) wanted) else cfg.postMountCommands;
  calls = services: lib.concatMapStrings (
    unit:
    let
      s = wanted.${unit.name};
      needs = map (name: if lib.hasSuffix ".device" name then utils.devicePath name else name) (s.requires ++ s.bindsTo);
    in
    ''
      unit ${unit.name} ${if s.requiredBy == [ ] then "wanted" else "required"} ${toString (lib.optional (!s.enable) "masked" ++ needs)} << 'END'
      ${s.script}
      END
    ''
  ) (utils.unitsInOrder (utils.asUnits services));
in
{
  config.boot.initrd.availableKernelModules = [ "virtio_pci" "virtio_blk" "virtio_rng" ];

  config.system.build.initialRamdisk = pkgs.runCommand "initrd-linux-${config.boot.kernelPackages.kernel.version}"
    {
      inherit settings fstab units mounted;
      script = builtins.readFile ./stage-1.sh;
      commands = cfg.preDeviceCommands + cfg.preLVMCommands + cfg.postDeviceCommands;
      passAsFile = [ "settings" "fstab" "units" "mounted" "script" "commands" ];
    }
    ''
      mkdir -p root/bin root/etc root/dev root/proc root/sys root/run root/tmp root/lib
      cp ${pkgs.busybox}/bin/busybox root/bin/busybox
      for applet in $(root/bin/busybox --list); do
        [ "$applet" = busybox ] || ln -s busybox "root/bin/$applet"
      done
      ${lib.concatMapStrings (name: "cp -L ${cfg.systemd.extraBin.${name}} root/bin/${name}\n") (builtins.attrNames cfg.systemd.extraBin)}
      modules=${config.boot.kernelPackages.kernel}/lib/modules/${config.boot.kernelPackages.kernel.modDirVersion}
      there=root/lib/modules/${config.boot.kernelPackages.kernel.modDirVersion}
      mkdir -p "$there"
      cp "$modules"/modules.* "$there"
      for module in ${toString (lib.unique (cfg.kernelModules ++ cfg.availableKernelModules))}; do
        for file in $(grep "^$module.ko:" "$modules/modules.dep" | tr -d :); do
          cp -f "$modules/$file" "$there"
        done
      done
      cat "$settingsPath" > root/etc/stage-1
      cat "$fstabPath" > root/etc/initrd-fstab
      cat "$unitsPath" > root/etc/stage-1-units
      cat "$mountedPath" > root/etc/stage-1-mounted
      cat "$commandsPath" > root/etc/stage-1-commands
      { echo "#!/bin/sh"; cat "$scriptPath"; } > root/init
      chmod -R u+w root
      chmod 755 root/init
      find root -exec touch -h -d @1 {} +
      mkdir "$out"
      (cd root && find . | sort | cpio -o -H newc -R 0:0 --renumber-inodes --ignore-devno) | gzip -9 > "$out/initrd"
    '';
}

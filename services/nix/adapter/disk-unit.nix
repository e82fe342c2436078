# Whether a service of systemd's first stage belongs to a disk: it waits for one, or makes a root ready that stays behind.
#
# Roll-backs of a root are written so, and what makes directories on a disk before it is mounted.  Booted from the network
# they would hold up the start until a device is given up, or, in the machine that has the disk, empty or format it.
unit:
let
  inherit (builtins) any concatMap elem filter isList isString match split;
  is = pattern: name: match pattern name != null;

  isDisk =
    name:
    is "dev-.*[.]device|systemd-cryptsetup@.*|(remote-)?cryptsetup[.]target|zfs-import.*|unlock-bcachefs-.*|initrd-root-device[.]target" name
    && !(is "dev-(tty|tpm).*" name);
  # Mounts of the host's own fileSystems; those of the store, of an overlaid /etc and of /run are there here too.
  isMount = name: is "sysroot-.*[.]mount" name && !(is "sysroot-(nix-store|nix-[.]r[ow].*|etc|run).*" name);

  # Said by an option, or by hand in the section of the unit.
  words = value: if isList value then concatMap words value else filter isString (split " +" (toString value));
  said = option: key: unit.${option} ++ words (unit.unitConfig.${key} or [ ]);

  needed = said "requires" "Requires" ++ said "requisite" "Requisite" ++ said "bindsTo" "BindsTo";
in
any isDisk (needed ++ said "wants" "Wants" ++ said "after" "After")
|| any isMount needed
|| any (name: elem name (said "before" "Before")) [
  "sysroot.mount"
  "initrd-root-device.target"
  "initrd-root-fs.target"
  "zfs-import.target"
]

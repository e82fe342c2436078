# Looks at one host of a flake: what it is, what it boots with, and the derivations to build.
#
# From the host's own configuration only attribute names are taken; every value comes from one evaluation that was extended
# with our modules.  With `asBuilt` nothing is extended, and that one evaluation is the host's own.
# Everything in the answer is a string, list or set without string context: the caller roots the derivations itself.
{
  flake,
  host,
  asBuilt ? false,
  compression ? "zstd -Xcompression-level 6",
}:
let
  inherit (builtins) attrNames elem filter hasAttr isAttrs listToAttrs map match;

  original =
    (flake.nixosConfigurations or (throw "the flake has no nixosConfigurations")).${host}
      or (throw "the flake's nixosConfigurations have no host ${host}");

  isSystem = isAttrs original && original ? config && original.config ? system && original.config.system ? build;
  built = attrNames original.config.system.build;
  # An installer's medium has a squashfsStore too, but its first stage waits for the medium.
  isNative = elem "netbootRamdisk" built;
  names = set: path: attrNames (builtins.foldl' (found: name: found.${name} or { }) set path);
  bringsClient = elem "nixie-phone-home" (names original.config [ "systemd" "services" ]);

  extended =
    if asBuilt then
      original
    else
      original.extendModules {
        modules = [ ./client.nix ./thin.nix ] ++ (if isNative then [ (import ./compression.nix { inherit compression; }) ] else [ (import ./netboot.nix { inherit compression; }) ]);
      };

  plain = text: builtins.unsafeDiscardStringContext (toString text);

  # What stands between the command line and a disk that is not there; root=fstab belongs to systemd's first stage.
  isForDisks =
    word: match "(resume|resume_offset|cryptdevice|rd\\.luks\\..*)=.*" word != null || (match "root=.*" word != null && word != "root=fstab");

  # One configuration's part of the answer; `store` is the configuration whose squashfs carries its paths.
  image =
    config: store:
    let
      build = config.system.build;
      parts = {
        inherit (build) kernel;
      } // (
        if store.system.build ? squashfsStore then
          { inherit (build) initialRamdisk; inherit (store.system.build) squashfsStore; }
        else
          { inherit (build) netbootRamdisk; }
      ) // (if hasTree then { dtb = tree.package; } else { });
      # Only a host that names its device tree has one to serve; machines with another firmware than U-Boot never load it.
      tree = config.hardware.deviceTree or { };
      hasTree =
        elem (plain extended.pkgs.stdenv.hostPlatform.system) [ "aarch64-linux" ]
        && (tree.enable or false)
        && (tree.name or null) != null
        && isAttrs (tree.package or null)
        && tree.package ? drvPath;
    in
    {
      kernelFile = plain config.system.boot.loader.kernelFile;
      initrdFile = plain (config.system.boot.loader.initrdFile or "initrd");
      dtbFile = if hasTree then plain tree.name else "";
      kernelParams = map plain (if asBuilt then config.boot.kernelParams else filter (word: !(isForDisks word)) config.boot.kernelParams);
      # What the first stage can load, and whether it can fetch the store.
      initrdModules = map plain ((config.boot.initrd.availableKernelModules or [ ]) ++ (config.boot.initrd.kernelModules or [ ]));
      thin = !asBuilt && parts ? squashfsStore && config.boot.initrd.systemd.enable or false;
      toplevel = plain build.toplevel;
      init = "${plain build.toplevel}/init";
      drv = builtins.mapAttrs (_: part: plain part.drvPath) parts;
      out = builtins.mapAttrs (_: part: plain part.outPath) parts;
    };

  specialisation =
    name:
    let
      special = extended.config.specialisation.${name};
    in
    if special.inheritParentConfig or true then
      image special.configuration extended.config // { reason = null; }
    else
      { reason = "The specialisation ${name} does not inherit the host's configuration, so the netboot adapter does not reach it."; };

  # ---- findings

  finding = severity: what: missing: { inherit severity what missing; where = null; };
  quoted = list: builtins.concatStringsSep ", " list;

  mounted = filter (path: !(elem path [ "/" "/nix" "/nix/store" "/nix/.ro-store" "/nix/.rw-store" ])) (names original.config [ "fileSystems" ]);
  locked = names original.config [ "boot" "initrd" "luks" "devices" ];
  inherit (extended.config.boot) initrd;
  # The script of the first stage loads loop by name only; the rest comes by itself when it is mounted.
  absent = filter (
    name:
    !(elem name initrd.kernelModules)
    && (!(elem name initrd.availableKernelModules) || (name == "loop" && !(initrd.systemd.enable or false)))
  ) [ "loop" "overlay" "squashfs" ];
  left =
    if initrd.systemd.enable or false then
      filter (name: import ./disk-unit.nix initrd.systemd.services.${name}) (attrNames initrd.systemd.services)
    else
      [ ];

  health = map plain (extended.config.nixie.health.units or [ ]);

  findings =
    (if asBuilt || isNative || mounted == [ ] then [ ] else [
      (finding "warn"
        "Booted from the network, these file systems are not mounted: ${quoted mounted}. What is written there stays in memory until power-off."
        null)
    ])
    ++ (if asBuilt || isNative || locked == [ ] then [ ] else [
      (finding "note" "The encrypted devices stay closed: ${quoted locked}." null)
    ])
    ++ (if asBuilt || isNative || left == [ ] then [ ] else [
      (finding "note"
        "These services of the first stage belong to disks, so they are left out: ${quoted left}."
        null)
    ])
    ++ (if isNative || asBuilt || absent == [ ] then [ ] else [
      (finding "bad"
        "The host forces the lists of kernel modules of its first stage, so these, which mount the store, are missing there: ${quoted absent}."
        "boot.initrd.kernelModules = [ \"loop\" \"overlay\" \"squashfs\" ];")
    ])
    ++ (if asBuilt || isNative then [ ] else [
      (finding "note" "What Nixie adds to it is in nobody's cache: its ramdisk, its system and the image of its store are always built; what they are built from may come from a cache." null)
    ])
    ++ (if health == [ ] then [ ] else [
      (finding "note" "A boot counts as good once these units are active: ${quoted health}." null)
    ])
    ++ (if asBuilt && !bringsClient then [
      (finding "note" "Served exactly as built, the host does not tell when it is up: a boot ends as served." null)
    ] else [ ]);

  refused = reason: {
    kind = "not-bootable";
    inherit reason;
    adapted = false;
    watched = false;
    system = null;
    hostName = null;
    release = null;
    findings = [ ];
    specialisations = { };
    drv = { };
    out = { };
  };

  answer = {
    kind = if isNative then "native" else "adaptable";
    reason = null;
    adapted = !isNative;
    watched = !asBuilt || bringsClient;
    system = plain extended.pkgs.stdenv.hostPlatform.system;
    hostName = plain extended.config.networking.hostName;
    release = plain extended.config.system.nixos.release;
    specialisations = listToAttrs (
      map (name: { inherit name; value = specialisation name; }) (names extended.config [ "specialisation" ])
    );
    inherit findings;
  } // image extended.config extended.config;
in
if !isSystem then
  refused "It is not a NixOS configuration: it has no config.system.build."
else if asBuilt && !isNative then
  refused "Served exactly as built, a host needs netboot outputs of its own; this one has none. Import nixpkgs' installer/netboot/netboot.nix, or let Nixie adapt it."
else if !asBuilt && !(original ? extendModules) then
  refused "Its configuration was made without extendModules (nixpkgs before 21.11, or a function of its own), so Nixie cannot add its modules. Update nixpkgs, or serve it exactly as built."
else if extended.config.boot.isContainer or false then
  refused "It is a container: it has no kernel of its own (boot.isContainer is set)."
else
  answer

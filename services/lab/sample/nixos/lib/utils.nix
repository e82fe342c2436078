# Which file systems the first stage mounts, as nixpkgs' nixos/lib/utils.nix says (0229f9ed9a89).
{ lib }:
rec {
  pathsNeededForBoot = [ "/" "/nix" "/nix/store" "/var" "/var/log" "/var/lib" "/var/lib/nixos" "/etc" "/usr" ];
  fsNeededForBoot = fs: fs.neededForBoot || builtins.elem fs.mountPoint pathsNeededForBoot;

  escapeSystemdPath = path: builtins.replaceStrings [ "-" "/" ] [ "\\x2d" "-" ] (lib.removePrefix "/" path);

  deviceUnit = path: "${escapeSystemdPath path}.device";
  # The path that a device unit stands for.
  devicePath = unit: "/${builtins.replaceStrings [ "-" "\\x2d" ] [ "/" "-" ] (lib.removeSuffix ".device" unit)}";

  # `b` waits for `a`: it lies below it, or is made of it.
  fsBefore =
    a: b:
    let
      slashed = path: if lib.hasSuffix "/" path then path else "${path}/";
      below = path: lib.hasPrefix (slashed a.mountPoint) (slashed path);
    in
    a.mountPoint != b.mountPoint && builtins.any below ([ b.mountPoint ] ++ b.depends ++ lib.optional (b.device != null) b.device);

  # `all` with each behind everything that must come `before` it; a circle keeps the order it had.
  inOrder =
    before: name: all:
    let
      place =
        done: left:
        let
          ready = builtins.filter (b: !(builtins.any (a: name a != name b && before a b) left)) left;
          names = map name ready;
        in
        if ready == [ ] then done ++ left else place (done ++ ready) (builtins.filter (x: !(builtins.elem (name x) names)) left);
    in
    place [ ] all;

  # Services, each { after, before, names }, in the order of starting.
  unitsInOrder = inOrder (
    a: b: builtins.any (n: builtins.elem n b.after) a.names || builtins.any (n: builtins.elem n a.before) b.names
  ) (a: a.name);
  asUnits = lib.mapAttrsToList (name: s: { inherit name; inherit (s) after before; names = [ "${name}.service" ]; });

  sorted = inOrder fsBefore (fs: fs.mountPoint);
}

# Services of both stages.  Option names, types and defaults after nixpkgs' nixos/lib/systemd-unit-options.nix and
# systemd-types.nix (01f31c2ee7d0), systemd-lib.nix (013635633ffe) and nixos/modules/system/boot/: systemd.nix (0017a06717bb),
# networkd.nix (00976b194fe3), systemd/initrd.nix (00e6b22b508f), systemd/repart.nix (05924f714f31); as far as a service is a
# script or a command that starts after something.
{ config, lib, pkgs, utils, ... }:
let
  inherit (lib) mkOption types;
  units = mkOption { type = types.listOf types.str; default = [ ]; };
  value = types.oneOf [ types.bool types.int types.str types.path (types.listOf types.str) ];
  flag = default: mkOption { type = types.bool; inherit default; };

  service =
    { config, ... }:
    {
      options = {
        enable = flag true;
        description = mkOption { type = types.singleLineStr; default = ""; };
        wantedBy = units;
        requiredBy = units;
        wants = units;
        requires = units;
        requisite = units;
        after = units;
        before = units;
        conflicts = units;
        bindsTo = units;
        unitConfig = mkOption { type = types.attrsOf value; default = { }; };
        serviceConfig = mkOption { type = types.attrsOf value; default = { }; };
        environment = mkOption { type = types.attrsOf (types.nullOr (types.oneOf [ types.str types.path types.package ])); default = { }; };
        path = mkOption { type = types.listOf (types.oneOf [ types.package types.str ]); default = [ ]; };
        script = mkOption { type = types.lines; default = ""; };
        preStart = mkOption { type = types.lines; default = ""; };
        restartIfChanged = flag true;
        stopIfChanged = flag true;
      };
      config.unitConfig = lib.filterAttrs (_: names: names != "") {
        Requires = toString config.requires;
        Requisite = toString config.requisite;
        BindsTo = toString config.bindsTo;
        Wants = toString config.wants;
        After = toString config.after;
        Before = toString config.before;
      };
    };

  started = lib.filterAttrs (_: s: s.enable && s.wantedBy ++ s.requiredBy != [ ]) config.systemd.services;

  command =
    name: s:
    pkgs.writeScript "unit-script-${name}-start" ''
      #!${pkgs.runtimeShell}
      set -e
      export PATH=${lib.makeBinPath (map toString s.path ++ [ pkgs.busybox pkgs.systemd ])}
      ${lib.concatMapStrings (key: "export ${key}=${lib.escapeShellArg s.environment.${key}}\n") (
        builtins.filter (key: s.environment.${key} != null) (builtins.attrNames s.environment)
      )}
      ${s.preStart}
      ${if s.script != "" then s.script else "exec ${toString (s.serviceConfig.ExecStart or "true")}"}
    '';

  # The network stands in the order like a unit, under the names that others wait for.
  order = utils.unitsInOrder (
    utils.asUnits started
    ++ [ { name = "network"; after = [ ]; before = [ ]; names = [ "network.target" "network-online.target" ]; } ]
  );
in
{
  options.systemd = {
    package = mkOption { type = types.package; default = pkgs.systemd; };
    services = mkOption { default = { }; type = types.attrsOf (types.submodule service); };
    network.enable = flag false;
    network.networks = mkOption { type = types.attrsOf types.attrs; default = { }; };
    repart.enable = lib.mkEnableOption "systemd-repart";
  };
  options.boot.initrd.systemd.services = mkOption {
    default = { };
    type = types.attrsOf (types.submodule [ service ]);
    visible = "shallow";
  };

  # One line a unit, in the order of starting: name, type, command.
  config.environment.etc."units".text = lib.concatMapStrings (
    unit:
    let
      s = started.${unit.name};
    in
    if unit.name == "network" then
      "network ${if config.networking.useDHCP then "dhcp" else "none"} -\n"
    else
      "${unit.name} ${s.serviceConfig.Type or "simple"} ${command unit.name s}\n"
  ) order;
}

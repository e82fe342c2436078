# nixosSystem: the module list, the packages, and the arguments that every module may ask for.
{ lib, parts }:
{ modules, specialArgs ? { } }:
let
  base = import ../modules/module-list.nix;
  evaluate = extra: lib.evalModules {
    class = "nixos";
    modules = base ++ [ { _module.args.pkgs = lib.mkDefault (import ../../pkgs { inherit lib parts; system = "x86_64-linux"; }); } ] ++ extra;
    specialArgs = {
      modulesPath = toString ../modules;
      utils = import ./utils.nix { inherit lib; };
      noUserModules = evaluate [ ];
    } // specialArgs;
  };
  system = evaluate modules;
  with_ = evaluated: evaluated // {
    inherit lib;
    inherit (evaluated._module.args) pkgs;
    extendModules = more: with_ (evaluated.extendModules more);
  };
in
with_ system

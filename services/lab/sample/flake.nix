{
  description = "The lab's hosts: small machines with the shape of real NixOS ones";

  outputs =
    { self }:
    let
      lib = import ./lib;
      nixosSystem = import ./nixos/lib/eval-config.nix { inherit lib; parts = ./parts; };
      host = file: nixosSystem { modules = [ file ]; };
    in
    {
      nixosConfigurations = builtins.mapAttrs (_: host) {
        crucible = ./hosts/crucible.nix; # native, with Nixie's client module
        anvil = ./hosts/anvil.nix; # native, without it
        archive = ./hosts/archive.nix; # lives on disks
        keystone = ./hosts/keystone.nix; # lives on an installer's medium
        switchyard = ./hosts/switchyard.nix; # lives on disks, has specialisations
        broken = ./hosts/broken.nix; # does not evaluate
        unbuildable = ./hosts/unbuildable.nix; # evaluates, does not build
      };
    };
}

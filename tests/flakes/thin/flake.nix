# One host beside the sample's files, large enough that it is worth serving thin.
{
  outputs =
    { self }:
    let
      lib = import ./lib;
      nixosSystem = import ./nixos/lib/eval-config.nix { inherit lib; parts = ./parts; };
    in
    {
      nixosConfigurations.warehouse = nixosSystem { modules = [ ./hosts/warehouse.nix ]; };
    };
}

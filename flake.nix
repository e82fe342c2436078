{
  description = "Nixie Router: boots the machines on its LAN straight from a Nix flake";

  # Without flake.lock: it is made where the network is (DECISIONS, 2026-11-28).
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    { self, nixpkgs }:
    let
      pkgs = nixpkgs.legacyPackages.x86_64-linux;
    in
    {
      packages.x86_64-linux = {
        # Nixie as one package.
        default = pkgs.callPackage ./nixos-image/package.nix { };
        # What `make run` needs on NixOS, beside the checkout.
        home = pkgs.callPackage ./nixos-image/nixos/home.nix { };
      };

      nixosModules = {
        # Imported by the hosts that are booted, when they want to be native.
        netboot-client = ./nixos-image/modules/netboot-client.nix;
      };
    };
}

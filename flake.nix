{
  description = "Nixie Router: boots the machines on its LAN straight from a Nix flake";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    { self, nixpkgs }:
    let
      systems = [ "x86_64-linux" "aarch64-linux" ];
      each = make: nixpkgs.lib.genAttrs systems (system: make nixpkgs.legacyPackages.${system});
    in
    {
      # What set-up leaves below NIXIE_HOME on Debian, as one package: program, Python, Nix, loaders.
      packages = each (pkgs: {
        default = pkgs.callPackage ./nixos-image/package.nix { };
      });

      # `nix develop`: everything that the Makefile's targets call on NixOS.
      devShells = each (pkgs: {
        default = pkgs.callPackage ./nixos-image/nixos/shell.nix { };
      });

      nixosModules = {
        # Imported by the hosts that are booted, when they want to be native.
        netboot-client = ./nixos-image/modules/netboot-client.nix;
      };
    };
}

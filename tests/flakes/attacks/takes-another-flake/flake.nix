# Another flake, which no lock file names, taken in by its address.
{
  outputs = { self }: {
    nixosConfigurations.host = import ../host.nix "host" {
      parameters = [ (builtins.getFlake "http://10.77.0.20:8000/another.tar.gz").secret ];
    };
  };
}

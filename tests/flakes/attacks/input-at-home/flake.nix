# An input on a server of the owner's network.
{
  inputs.nas = { url = "http://10.77.0.20:8000/nas.tar.gz"; flake = false; };
  outputs = { self, nas }: {
    nixosConfigurations.host = import ../host.nix "host" { parameters = [ (builtins.readFile "${nas}/x") ]; };
  };
}

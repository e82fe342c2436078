# No attack: a flake whose input lies on a forge of the owner's own network.
{
  inputs.code = { url = "http://10.77.0.20:8000/forge.tar.gz"; flake = false; };
  outputs = { self, code }: {
    nixosConfigurations.host = import ../host.nix "host" { parameters = [ (builtins.readFile "${code}/parameter") ]; };
  };
}

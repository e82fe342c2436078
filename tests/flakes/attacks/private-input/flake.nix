# An input that only the owner may fetch: with a token of the owner's for that very server it would come.
{
  inputs.code = { url = "http://192.0.2.1:8000/private-input.tar.gz"; flake = false; };
  outputs = { self, code }: {
    nixosConfigurations.host = import ../host.nix "host" { parameters = [ (builtins.readFile "${code}/x") ]; };
  };
}

# A link in its own tree leads out of it: the test makes one, to the router's secrets.
{
  outputs = { self }: {
    nixosConfigurations.host = import ../host.nix "host" { parameters = [ (builtins.readFile ./out/shadow) ]; };
  };
}

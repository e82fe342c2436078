# An input that is a directory of the router; the test writes the lock.
{
  inputs.secrets = { url = "path:/etc"; flake = false; };
  outputs = { self, secrets }: {
    nixosConfigurations.host = import ../host.nix "host" { parameters = [ (builtins.readFile "${secrets}/shadow") ]; };
  };
}

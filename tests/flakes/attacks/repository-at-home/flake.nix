# An input that is a repository of the router's; the test writes the lock.
{
  inputs.secrets = { url = "git+file:///root/secrets"; flake = false; };
  outputs = { self, secrets }: {
    nixosConfigurations.host = import ../host.nix "host" { parameters = [ (builtins.readFile "${secrets}/x") ]; };
  };
}

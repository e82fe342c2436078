# An input on the internet whose name leads into the owner's network (DNS rebinding).
{
  inputs.nas = { url = "http://rebind.example:8000/nas.tar.gz"; flake = false; };
  outputs = { self, nas }: {
    nixosConfigurations.host = import ../host.nix "host" { parameters = [ (builtins.readFile "${nas}/x") ]; };
  };
}

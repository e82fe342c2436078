# Evaluation reads files of the router.
{
  outputs = { self }: {
    nixosConfigurations.host = import ../host.nix "host" { parameters = [ (builtins.readFile "/etc/shadow") ]; };
  };
}

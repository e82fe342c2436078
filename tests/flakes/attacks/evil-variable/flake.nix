# A command line that iPXE would fill with what it knows.
{
  outputs = { self }: {
    nixosConfigurations.host = import ../host.nix "host" { parameters = [ "x=\${net0/mac}" "y=\${password}" ]; };
  };
}

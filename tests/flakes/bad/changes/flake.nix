# A good host; the test puts something else in the place of "quiet".
{
  outputs = { self }: {
    nixosConfigurations.ember = import ../host.nix "ember" { parameters = [ "quiet" ]; };
  };
}

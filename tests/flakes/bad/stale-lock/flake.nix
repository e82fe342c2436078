# Its flake.lock was written before the input tools came.
{
  inputs.tools.url = "github:nixie-tests/tools";
  outputs = { self, tools }: { nixosConfigurations.ember = import ../host.nix "ember" { }; };
}

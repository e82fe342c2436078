# Evaluation without end, which takes no memory either.
{
  outputs = { self }: {
    nixosConfigurations.host = let numbers = builtins.genList (n: n) 1000000; in import ../host.nix "host" {
      parameters = [ (builtins.toString (builtins.foldl' (sum: _: builtins.foldl' builtins.add sum numbers) 0 numbers)) ];
    };
  };
}

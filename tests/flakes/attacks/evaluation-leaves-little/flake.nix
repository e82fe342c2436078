# Evaluation that writes as many megabytes as it is told into the store, and then goes on for ever.
{
  outputs = { self }:
    let
      megabytes = builtins.fromJSON (builtins.readFile ./megabytes);
      numbers = builtins.genList (n: n) 1000000;
      twice = n: text: if n == 0 then text else twice (n - 1) (text + text);
      large = twice 20 "x";
      again = _: n: builtins.seq (builtins.stringLength (builtins.toFile "file" "${toString n} ${large}")) n;
      written = builtins.foldl' again 0 (builtins.genList (n: n) megabytes);
    in
    {
      nixosConfigurations.host = import ../host.nix "host" {
        parameters = [ (toString (builtins.foldl' (sum: _: builtins.foldl' builtins.add sum numbers) written numbers)) ];
      };
    };
}

# Evaluation that writes files into the store without end.
{
  outputs = { self }:
    let
      twice = n: text: if n == 0 then text else twice (n - 1) (text + text);
      large = twice 14 "x";
      again = _: n: builtins.seq (builtins.stringLength (builtins.toFile "file" "${toString n} ${large}")) n;
    in
    {
      nixosConfigurations.host = import ../host.nix "host" {
        parameters = [ (toString (builtins.foldl' again 0 (builtins.genList (n: n) 1000000))) ];
      };
    };
}

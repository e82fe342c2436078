# One host never comes to an end, one asks for 16 GB at once.
{
  outputs =
    { self }:
    let
      host = import ../host.nix;
      throwing = parameter: host "x" { parameters = [ parameter ]; };
    in
    {
      nixosConfigurations = {
        ember = host "ember" { };
        endless = throwing (
          let count = f: builtins.foldl' (a: x: f x) 0 (builtins.genList (x: x) 10000);
          in toString (count (a: count (b: count (c: count (d: d)))))
        );
        bomb = throwing (toString (builtins.length (builtins.genList (x: x) 2000000000)));
      };
    };
}

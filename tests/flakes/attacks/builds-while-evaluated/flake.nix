# Import from derivation: a build, hidden in a look.
{
  outputs = { self }:
    let host = import ../host.nix; in {
      nixosConfigurations.host = host "host" {
        parameters = [ (builtins.readFile ((host "x" { }).run "imported" "printf quiet > $out")) ];
      };
    };
}

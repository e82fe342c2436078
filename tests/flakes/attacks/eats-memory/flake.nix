# Evaluation that takes all memory.
{
  outputs = { self }: {
    nixosConfigurations.host = import ../host.nix "host" {
      parameters = [ (let grow = list: if list == [ ] then "never" else grow (list ++ list); in grow [ 1 ]) ];
    };
  };
}

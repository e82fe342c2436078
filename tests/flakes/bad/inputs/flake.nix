# Two of its hosts need an input; the test writes a flake.lock that leads to a server which refuses to give them.
{
  inputs = {
    archive.url = "http://127.0.0.1:9/archive.tar.gz";
    repository.url = "git+http://127.0.0.1:9/repository.git";
  };

  outputs =
    { self, archive, repository }:
    let
      host = import ../host.nix;
    in
    {
      nixosConfigurations = {
        ember = host "ember" { };
        tarred = host "tarred" { parameters = [ (import "${archive}/parameter.nix") ]; };
        cloned = host "cloned" { parameters = [ (import "${repository}/parameter.nix") ]; };
      };
    };
}

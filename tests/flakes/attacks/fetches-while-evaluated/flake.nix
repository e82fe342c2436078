# A blind request from inside, whose error would even tell the hash of the answer.
{
  outputs = { self }: {
    nixosConfigurations.host = import ../host.nix "host" {
      parameters = [ (builtins.readFile (builtins.fetchurl {
        url = "http://10.77.0.20:8000/evaluated";
        sha256 = "0000000000000000000000000000000000000000000000000000";
      })) ];
    };
  };
}

# Nix's own fetcher of fixed outputs, sent into the owner's network.
{
  outputs = { self }:
    let host = import ../host.nix; in {
      nixosConfigurations.host = host "host" {
        build.squashfsStore = derivation {
          name = "squashfs-fetched";
          system = "builtin";
          builder = "builtin:fetchurl";
          url = "http://10.77.0.20:8000/fetched";
          outputHashMode = "flat";
          outputHashAlgo = "sha256";
          outputHash = "0000000000000000000000000000000000000000000000000000";
        };
      };
    };
}

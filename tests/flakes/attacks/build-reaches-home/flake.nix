# A fixed-output derivation, which has the network in its sandbox: it asks the NAS, the router and a cloud's metadata.
{
  outputs = { self }:
    let host = import ../host.nix; in {
      nixosConfigurations.host = host "host" {
        build.squashfsStore = derivation {
          name = "squashfs-fixed";
          system = "x86_64-linux";
          builder = "/bin/sh";
          args = [ "-c" ''
            for one in 192.0.2.1 10.77.0.20 10.77.0.1 127.0.0.1 169.254.169.254; do
              (exec 3<>/dev/tcp/$one/8000 && printf 'GET /built HTTP/1.0\r\n\r\n' >&3 && read -r line <&3 && echo "$one says $line")
            done
            exit 1
          '' ];
          outputHashMode = "flat";
          outputHashAlgo = "sha256";
          outputHash = "0000000000000000000000000000000000000000000000000000";
        };
      };
    };
}

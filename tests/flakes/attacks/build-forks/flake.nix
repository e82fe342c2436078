# A build that starts processes without end.
{
  outputs = { self }:
    let host = import ../host.nix; in {
      nixosConfigurations.host = host "host" {
        build.squashfsStore = (host "x" { }).run "squashfs-forks" "while :; do b sleep 600 & done";
      };
    };
}

# A build that keeps its place in the queue for ever.
{
  outputs = { self }:
    let host = import ../host.nix; in {
      nixosConfigurations.host = host "host" {
        build.squashfsStore = (host "x" { }).run "squashfs-sleeps" "b sleep 9999";
      };
    };
}

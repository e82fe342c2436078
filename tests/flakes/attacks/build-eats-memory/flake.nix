# A build that takes all memory.
{
  outputs = { self }:
    let host = import ../host.nix; in {
      nixosConfigurations.host = host "host" {
        build.squashfsStore = (host "x" { }).run "squashfs-hungry" "b awk 'BEGIN { s = \"x\"; while (1) { s = s s; print length(s) } }'";
      };
    };
}

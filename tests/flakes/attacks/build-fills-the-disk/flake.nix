# A build that writes without end.
{
  outputs = { self }:
    let host = import ../host.nix; in {
      nixosConfigurations.host = host "host" {
        build.squashfsStore = (host "x" { }).run "squashfs-fills" "b mkdir $out; n=0; while :; do b dd if=/dev/zero of=$out/$n bs=64k count=2 2> /dev/null; n=$((n + 1)); done";
      };
    };
}

# A build that looks for files of the router.
{
  outputs = { self }:
    let host = import ../host.nix; in {
      nixosConfigurations.host = host "host" {
        build.squashfsStore = (host "x" { }).run "squashfs-reads" "b cat /etc/hostname /root/.ssh/id_ed25519 > $out";
      };
    };
}

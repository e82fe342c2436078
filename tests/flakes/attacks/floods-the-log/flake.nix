# A build whose log would fill the disk.
{
  outputs = { self }:
    let host = import ../host.nix; in {
      nixosConfigurations.host = host "host" {
        build.squashfsStore = (host "x" { }).run "squashfs-floods" "b yes flooding";
      };
    };
}

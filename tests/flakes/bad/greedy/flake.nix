# Builds that take all they can get: memory in one process and in many, processes without end.
{
  outputs =
    { self }:
    let
      host = import ../host.nix;
      eats = "b dd if=/dev/zero of=/dev/null bs=400M count=9";
      squashfs = name: script: host name { build.squashfsStore = (host "x" { }).run "squashfs-${name}" script; };
    in
    {
      nixosConfigurations = {
        ember = host "ember" { };
        hungry = squashfs "hungry" "b awk 'BEGIN { s = \"x\"; while (1) s = s s }'";
        crowd = squashfs "crowd" "for one in 1 2 3 4; do ${eats} & done; wait; exit 1";
        many = squashfs "many" "while :; do b sleep 600 & done";
      };
    };
}

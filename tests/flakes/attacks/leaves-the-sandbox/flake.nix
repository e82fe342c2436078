# A derivation that asks to be built outside of the sandbox.
{
  outputs = { self }:
    let host = import ../host.nix; in {
      nixosConfigurations.host = host "host" {
        build.squashfsStore = derivation {
          name = "squashfs-outside";
          system = "x86_64-linux";
          __noChroot = true;
          builder = "${builtins.path { path = ../bin; name = "shell"; }}/busybox";
          args = [ "sh" "-c" "${builtins.path { path = ../bin; name = "shell"; }}/busybox cat /etc/shadow > $out" ];
        };
      };
    };
}

# Its packed store has 4 GiB and some bytes that are not zero at the end: too large for a ramdisk, not for a first stage that
# fetches it.  The file has a hole, so that it takes no room on the disk.
{
  outputs =
    { self }:
    let
      host = import ../host.nix;
      run = (host "x" { }).run;
    in
    {
      nixosConfigurations.vast = host "vast" {
        build.squashfsStore = run "squashfs-vast" "b truncate -s 4294967296 $out; printf 'the end' >> $out";
        initrd.systemd = { enable = true; services = { }; };
      };
    };
}

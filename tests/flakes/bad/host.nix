# A host with the outside of a NixOS one, made of raw derivations: every flake beside this file is wrong in one way.
# The test puts a static busybox here, as bin/busybox.
name: changes:
let
  shell = builtins.path { path = ./bin; name = "shell"; };
  run = name: script: derivation {
    inherit name;
    system = "x86_64-linux";
    builder = "${shell}/busybox";
    args = [ "sh" "-euc" ("b() { ${shell}/busybox \"$@\"; }; " + script) ];
  };
  me = {
    inherit run;
    config = {
      system = {
        build = {
          kernel = run "kernel" "b mkdir $out; echo kernel > $out/bzImage";
          initialRamdisk = run "initrd-${name}" "b mkdir $out; printf ramdisk-of-${name} > $out/initrd";
          squashfsStore = run "squashfs-${name}" "echo store of ${name} > $out";
          netbootRamdisk = run "netboot-${name}" "exit 1"; # what makes it native; nobody builds it
          toplevel = run "system-${name}" "b mkdir $out; echo > $out/init";
        } // (changes.build or { });
        boot.loader.kernelFile = "bzImage";
        nixos.release = "26.05";
      };
      networking.hostName = name;
      boot = {
        kernelParams = [ "console=ttyS0" ] ++ (changes.parameters or [ ]);
        initrd = { kernelModules = [ "overlay" ]; luks.devices = { }; } // (changes.initrd or { });
      };
      fileSystems = { };
      specialisation = { };
      systemd.services = { };
    };
    pkgs.stdenv.hostPlatform.system = "x86_64-linux";
    extendModules = _: me;
  };
in
me

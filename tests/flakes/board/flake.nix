# A host for 64-bit ARM with a device tree of its own, made of one shell and raw derivations: nothing is compiled, so any
# router makes it.  The test puts a static busybox of the router's own processor beside this file, as bin/busybox, and into
# parts/ the kernel (Image), the first stage (initrd) and the device tree (board.dtb) of the machine.
{
  outputs =
    { self }:
    let
      shell = builtins.path { path = ./bin; name = "shell"; };
      parts = builtins.path { path = ./parts; name = "parts"; };
      run = name: script: derivation {
        inherit name;
        system = "x86_64-linux";
        builder = "${shell}/busybox";
        args = [ "sh" "-euc" ("b() { ${shell}/busybox \"$@\"; }; " + script) ];
      };
      host = {
        config = {
          system = {
            build = {
              kernel = run "kernel" "b mkdir $out; b cp ${parts}/Image $out/Image";
              initialRamdisk = run "initrd" "b mkdir $out; b cp ${parts}/initrd $out/initrd";
              squashfsStore = run "squashfs" "echo the store of the board > $out";
              netbootRamdisk = run "netboot" "exit 1"; # what makes it native; nobody builds it
              toplevel = run "system-board" "b mkdir $out; echo > $out/init";
            };
            boot.loader.kernelFile = "Image";
            nixos.release = "26.05";
          };
          networking.hostName = "board";
          boot = {
            # A dollar and a quote, because U-Boot reads both.
            kernelParams = [ "console=ttyAMA0" "panic=1" "of.board='a'$b" ];
            initrd = { kernelModules = [ "overlay" ]; luks.devices = { }; };
          };
          hardware.deviceTree = {
            enable = true;
            name = "nixie/board.dtb";
            package = run "device-trees" "b mkdir -p $out/nixie; b cp ${parts}/board.dtb $out/nixie/board.dtb";
          };
          fileSystems = { };
          specialisation = { };
          systemd.services = { };
        };
        pkgs.stdenv.hostPlatform.system = "aarch64-linux";
        extendModules = _: host;
      };
    in
    {
      nixosConfigurations.board = host;
    };
}

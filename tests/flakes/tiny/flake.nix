# Hosts with the outside of NixOS ones, made of one shell and raw derivations: for tests of the pipeline.
# The test puts a static busybox beside this file, as bin/busybox.
{
  outputs =
    { self }:
    let
      shell = builtins.path { path = ./bin; name = "shell"; };
      run = name: script: derivation {
        inherit name;
        system = "x86_64-linux";
        builder = "${shell}/busybox";
        args = [ "sh" "-euc" ("b() { ${shell}/busybox \"$@\"; }; " + script) ];
      };
      host =
        name: changes:
        let
          build = {
            kernel = run "kernel" "b mkdir $out; echo kernel > $out/bzImage";
            initialRamdisk = run "initrd-${name}" "b mkdir $out; printf ramdisk-of-${name} > $out/initrd";
            squashfsStore = run "squashfs-${name}" "echo store of ${name} ${changes.stamp or "1"} > $out";
            netbootRamdisk = run "netboot-${name}" "exit 1"; # what makes it native; nobody builds it
            toplevel = run "system-${name}" "b mkdir $out; echo > $out/init";
          } // (changes.build or { });
          me = {
            config = {
              system = {
                inherit build;
                boot.loader.kernelFile = "bzImage";
                nixos.release = "26.05";
              };
              networking.hostName = name;
              boot = {
                kernelParams = [ "console=ttyS0" ] ++ (changes.parameters or [ ]);
                initrd = { kernelModules = [ "overlay" ]; luks.devices = { }; };
              };
              fileSystems = { };
              specialisation = changes.specialisation or { };
              systemd.services = { };
            };
            pkgs.stdenv.hostPlatform.system = changes.system or "x86_64-linux";
            extendModules = _: me;
          };
        in
        me;
      throwing = changes: host "x" { parameters = [ changes ]; };
    in
    {
      nixosConfigurations = {
        ember = host "ember" { };
        two = host "two" {
          specialisation.quiet.configuration = (host "two" { parameters = [ "quiet" ]; }).config;
        };
        slow = host "slow" { build.squashfsStore = run "squashfs-slow" "echo begun; b sleep 300; echo > $out"; };
        fails = host "fails" { build.kernel = run "kernel-of-fails" "echo the ruler is missing >&2; exit 3"; };
        leaves = host "leaves" { build.kernel = run "kernel-of-leaves" "b mkdir $out; b ln -s /etc/passwd $out/bzImage"; };
        throws = throwing (throw "the moon is not full");
        environment = throwing (builtins.elemAt [ ] (builtins.stringLength (builtins.getEnv "HOME")));
        current = throwing builtins.currentSystem;
        absolute = throwing (builtins.readFile "/etc/hostname");
        circle = let circle = circle + "x"; in throwing circle;
        endless = throwing (
          let count = f: builtins.foldl' (a: x: f x) 0 (builtins.genList (x: x) 10000);
          in toString (count (a: count (b: count (c: count (d: d)))))
        );
        bomb = throwing (builtins.foldl' (all: _: all + all) "explosive" (builtins.genList (x: x) 40));
        imports = throwing (builtins.readFile (run "generated" "printf quiet > $out"));
        unfree = throwing (throw "Package ‘rar-7.01’ in /nix/store/x/default.nix:52 has an unfree license (‘unfree’), refusing to evaluate.");
        insecure = throwing (throw "Package ‘openssl-1.1.1w’ in /nix/store/x/default.nix:1 is marked as insecure, refusing to evaluate.");
        missing = throwing { }.nothing;
        plain = { config = { }; };
        ancient = builtins.removeAttrs (host "ancient" { }) [ "extendModules" ];
        foreign = host "foreign" {
          system = "riscv64-linux";
          build.kernel = derivation { name = "kernel"; system = "riscv64-linux"; builder = "/bin/sh"; };
        };
        "odd name" = host "odd" { };
      };
    };
}

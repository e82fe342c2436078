# One host that takes 50 derivations, each with some work for a shell; a static busybox lies beside this file.
{
  outputs =
    { self }:
    let
      shell = builtins.path { path = ./busybox; name = "shell"; };
      run = name: script: derivation {
        inherit name;
        system = "@SYSTEM@";
        builder = "${shell}/busybox";
        args = [ "sh" "-euc" script ];
      };
      work = "i=0; while [ $i -lt 100000 ]; do i=$((i + 1)); done";
      step = number: before: run "step-${toString number}" "${work}; echo ${before} > $out";
      steps = builtins.foldl' (before: number: step number before) "nothing" (builtins.genList (n: n) 47);
      me = {
        config = {
          system = {
            build = {
              kernel = run "kernel" "${shell}/busybox mkdir $out; echo kernel > $out/bzImage";
              initialRamdisk = run "initrd" "${shell}/busybox mkdir $out; echo ramdisk > $out/initrd";
              squashfsStore = run "squashfs" "echo ${steps} > $out";
              netbootRamdisk = run "netboot" "exit 1";
              toplevel = run "system" "exit 1";
            };
            boot.loader.kernelFile = "bzImage";
            nixos.release = "26.05";
          };
          networking.hostName = "bench";
          boot = {
            kernelParams = [ ];
            initrd = { kernelModules = [ "overlay" ]; luks.devices = { }; };
          };
          fileSystems = { };
          specialisation = { };
          systemd.services = { };
        };
        pkgs.stdenv.hostPlatform.system = "@SYSTEM@";
        extendModules = _: me;
      };
    in
    {
      nixosConfigurations.bench = me;
    };
}

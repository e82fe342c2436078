# Each host is wrong in one way, but ember: nothing that happens to the others may touch it.
{
  outputs =
    { self }:
    let
      host = import ../host.nix;
      run = (host "x" { }).run;
      throwing = parameter: host "x" { parameters = [ parameter ]; };
    in
    {
      nixosConfigurations = {
        ember = host "ember" { };
        throws = throwing (throw "the moon is not full");
        absolute = throwing (builtins.readFile "/etc/hostname");
        current = throwing builtins.currentSystem;
        environment = throwing (builtins.elemAt [ ] (builtins.stringLength (builtins.getEnv "HOME")));
        imports = throwing (builtins.readFile (run "generated" "printf quiet > $out"));
        # pkgs/stdenv/generic/check-meta.nix of nixpkgs (a748cedf4654) words it so.
        unfree = throwing (throw ''
          Package ‘rar-7.01’ in /nix/store/5pzhbcqgcqnrkqzi6hb5sd7rcxqczmgp-source/pkgs/by-name/ra/rar/package.nix:63 has an unfree license (‘unfree’), refusing to evaluate.

          a) To temporarily allow unfree packages, you can use an environment variable
             for a single invocation of the nix tools.

               $ export NIXPKGS_ALLOW_UNFREE=1
        '');
        insecure = throwing (throw ''
          Package ‘openssl-1.1.1w’ in /nix/store/5pzhbcqgcqnrkqzi6hb5sd7rcxqczmgp-source/pkgs/development/libraries/openssl/default.nix:210 is marked as insecure, refusing to evaluate.


          Known issues:
           - OpenSSL 1.1 is reaching its end of life on 2023/09/11 and cannot be supported through the NixOS 23.05 release cycle.

          You can install it anyway by allowing this package, using the
          following methods:
        '');
        # The same two in the words of 2026 (00284adb9c0a).
        unfree-now = throwing (throw ''
          Refusing to evaluate package 'rar-7.01' in /nix/store/5pzhbcqgcqnrkqzi6hb5sd7rcxqczmgp-source/pkgs/by-name/ra/rar/package.nix:63 because it has an unfree license (‘unfree’)
          a) To temporarily allow unfree packages, you can use an environment variable
             for a single invocation of the nix tools.
        '');
        broken-now = throwing (throw ''
          Refusing to evaluate package 'kicad-base-10.0.5' in /nix/store/5pzhbcqgcqnrkqzi6hb5sd7rcxqczmgp-source/pkgs/by-name/ki/kicad/base.nix:334 because it has problems:
          - broken: This package is broken.

          See also https://nixos.org/manual/nixpkgs/unstable#sec-problems
          To allow evaluation regardless, use:
          - NixOS: nixpkgs.config = <below code>;

            {
              problems.handlers = {
                kicad-base.broken = "warn"; # or "ignore"
              };
            }
        '');
        ancient = builtins.removeAttrs (host "ancient" { }) [ "extendModules" ];
        fails = host "fails" { build.kernel = run "kernel-of-fails" "echo the ruler is missing >&2; exit 3"; };
        huge = host "huge" {
          build.squashfsStore = run "squashfs-huge" "b truncate -s 4294967296 $out";
        };
      };
    };
}

# One folder with the layout of NIXIE_HOME.  The browser files come from npm at set-up
# (nixos/set-up.sh), because nothing of a third party is committed.
{ lib, callPackage, runCommand, nix, ipxe, makeWrapper }:
let
  python = callPackage ./python.nix { };
  rooms = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions [ ../appliance ../services ../webui ../hardware ];
  };
in
runCommand "nixie-router" { nativeBuildInputs = [ makeWrapper ]; } ''
  mkdir -p $out/bin $out/loaders $out/nix/usr
  cp -r ${rooms} $out/program
  ln -s ${python} $out/venv
  ln -s ${nix}/bin $out/nix/usr/bin
  ln -s ${ipxe} $out/loaders/${ipxe.version}
  makeWrapper ${python}/bin/python $out/bin/nixie \
    --add-flags "-P -m appliance" --set PYTHONPATH $out/program
  ln -s bin/nixie $out/nixie
''

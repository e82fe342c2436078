# Nixie as one package: what set-up leaves below NIXIE_HOME, and bin/nixie.  Without the browser files,
# which set-up gets from npm: the pages work, and show what is new when they are loaded again.
{ lib, callPackage, runCommand }:
let
  home = callPackage ./nixos/home.nix { };
  rooms = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions [ ../appliance ../services ../webui ../hardware ];
  };
in
runCommand "nixie-router" { } ''
  mkdir -p $out/bin
  cp -r ${rooms} $out/program
  ln -s ${home}/* $out/
  cat > $out/bin/nixie << EOF
  #!/bin/sh
  export NIXIE_HOME=$out PYTHONPATH=$out/program
  exec sh ${./nixos/inside.sh} $out $out/venv/bin/python -P -m appliance "\$@"
  EOF
  chmod 755 $out/bin/nixie
  ln -s bin/nixie $out/nixie
''

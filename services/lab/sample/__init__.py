"""The lab's flake: hosts with the shape of real NixOS ones, made of a real kernel and busybox.

`lib/` is a small module system with the outside of nixpkgs' own, `nixos/` the options that a
netboot adapter meets on real hosts (names, types, defaults and priorities copied, the files they
come from named in comments), `pkgs/` plain derivations.  `assemble` (the door) puts these beside
the distribution's files and makes one Git repository of it: pure evaluation sees nothing outside.
"""

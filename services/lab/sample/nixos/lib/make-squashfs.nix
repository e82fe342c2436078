# The file system image of some store paths' closure, at the path and with the arguments of nixpkgs'
# nixos/lib/make-squashfs.nix (05924f714f31): the paths lie at the root, beside nix-path-registration.
{
  runCommand,
  squashfsTools,
  closureInfo,
  storeContents ? [ ],
  comp ? "xz -Xdict-size 100%",
}:
runCommand "squashfs.img" { } ''
  info=${closureInfo { rootPaths = storeContents; }}
  cp "$info/registration" nix-path-registration
  cores=''${NIX_BUILD_CORES:-0}  # 0 stands for every processor
  [ "$cores" -gt 0 ] || cores=$(nproc)
  ${squashfsTools}/bin/mksquashfs nix-path-registration $(cat "$info/store-paths") "$out" \
    -no-hardlinks -keep-as-directory -all-root -mkfs-time 1 -all-time 1 -no-progress -quiet \
    -b 1048576 -comp ${comp} -processors "$cores"
''

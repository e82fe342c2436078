# Has a large store, so that its image is worth serving thin: the kernel's file eight times, each with another first line,
# for what is compressed already stays as large as it is.
{ modulesPath, pkgs, ... }:
{
  imports = [ ./lab.nix (modulesPath + "/installer/netboot/netboot.nix") ];
  networking.hostName = "warehouse";
  environment.etc.goods.source = pkgs.runCommand "goods" { } ''
    mkdir "$out"
    for number in 1 2 3 4 5 6 7 8; do
      { echo "$number"; cat ${pkgs.linuxPackages.kernel}/bzImage; } > "$out/$number"
    done
  '';
}

# Evaluates, but one of its files cannot be made.
{ modulesPath, pkgs, ... }:
{
  imports = [ ./lab.nix (modulesPath + "/installer/netboot/netboot.nix") ];
  networking.hostName = "unbuildable";
  environment.etc.report.source = pkgs.runCommand "report" { } ''
    echo "measuring the room"
    echo "the ruler is missing" >&2
    exit 3
  '';
}

# Made for the network, and it brings Nixie's own client module along.
{ modulesPath, ... }:
{
  imports = [ ./lab.nix (modulesPath + "/installer/netboot/netboot.nix") ../nixie/client.nix ];
  networking.hostName = "crucible";
}

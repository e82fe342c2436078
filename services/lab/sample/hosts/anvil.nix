# Made for the network and nothing more: served exactly as built, nobody hears of it after its last part went out.
{ modulesPath, ... }:
{
  imports = [ ./lab.nix (modulesPath + "/installer/netboot/netboot.nix") ];
  networking.hostName = "anvil";
}

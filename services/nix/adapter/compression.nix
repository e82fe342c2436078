# For hosts that pack their store themselves: the same compression as everywhere, where the release lets one choose.
{ compression }:
{ lib, options, ... }:
{
  _file = "nixie/compression.nix";
  key = "nixie/compression.nix";
  config =
    if lib.hasAttrByPath [ "netboot" "squashfsCompression" ] options then
      { netboot.squashfsCompression = lib.mkOverride 10 compression; }
    else
      { };
}

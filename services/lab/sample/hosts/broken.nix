# Does not evaluate: a name was mistyped.
{
  imports = [ ./lab.nix ];
  networking.hostName = "broken";
  fileSystems."/" = { device = "/dev/vda1"; fsType = "ext4"; };
  services.opensshh.enable = true;
}

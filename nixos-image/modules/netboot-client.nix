# For hosts that are booted: phone home and identity, so that Nixie serves the host as it is.
{
  imports = [ ../../services/nix/adapter/client.nix ];
}

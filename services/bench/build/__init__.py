"""A build of 50 derivations, against the same Nix calls in a script."""

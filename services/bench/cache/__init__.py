"""The binary cache beside nginx: the same store as files that `nix copy` made, turn by turn."""

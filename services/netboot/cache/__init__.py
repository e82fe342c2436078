"""The binary cache of the networks: what `build` signed, and archives made on the way out."""

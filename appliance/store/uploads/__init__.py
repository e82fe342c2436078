"""Files that their owner sent, by their SHA-256, until `build` has them in the store."""

"""Publishing: built files become manifests that the boot role serves, without a second copy."""

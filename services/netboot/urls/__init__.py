"""The boot URLs: loaders, the script of this boot, its parts, reports and phone-home."""

"""What roles print: one file each, capped."""

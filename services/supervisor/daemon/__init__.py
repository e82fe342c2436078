"""The ground under our nix-daemon: its folders and its settings."""

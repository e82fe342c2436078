"""What the supervisor has of Nix: our daemon, and the verbs of the broker."""

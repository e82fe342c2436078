"""What our daemon knows of the builders that it shares its builds with."""

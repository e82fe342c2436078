"""How far a build is, told while it runs, and what it took."""

"""What opens a private source, and a builder."""

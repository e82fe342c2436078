"""The parts of an image: hashed, and without what an earlier one has already."""

"""Places that builds take: here, on each builder, where parts come home, where images are made."""

"""The router's key for its binary cache, and signatures made with it."""

"""What our daemon was last told of caches, from one start to the next."""

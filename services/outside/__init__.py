"""What a stranger on the internet's side gets to see: asked from there, on a cable of our own."""

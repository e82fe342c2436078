"""Where evaluations wait until there is memory for them."""

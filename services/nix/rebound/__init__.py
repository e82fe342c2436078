"""Whether a name that foreign code could not look up leads into the owner's own network."""

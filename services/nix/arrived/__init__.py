"""Hosts that were built elsewhere: their files become an image here."""

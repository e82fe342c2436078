"""Sending one file over HTTP: several segments, one response, no bytes through Python."""

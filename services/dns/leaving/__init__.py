"""Datagrams of one turn leave together."""

"""Hosts from files: what their owner sent, or an address gives, becomes parts in the store.

A file lies in the store under the path that follows from its SHA-256 alone, so the same file is
kept once, whoever names it, and a download that brings something else is never served.
"""

"""Nix archives (NAR): a file tree as one row of bytes, the same for the same tree.

Law: the Nix manual, "Nix Archive (NAR) format".
"""

"""What the router should be, and how it gets there.

Imports `hardware`'s values and nothing above itself; `assemble.py` alone sees every room.
"""

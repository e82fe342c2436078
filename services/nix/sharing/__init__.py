"""What two generations have in common is on the disk once.

A squashfs packs each file by itself, in the order of the store: where two of them hold the same
files, they hold the same bytes, only elsewhere.  So a new one is cut where its own bytes say, and
whatever an earlier one has is served from there; the rest goes into a pack of its own.
"""

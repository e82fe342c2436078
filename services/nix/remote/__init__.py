"""Builders over SSH: the whole build stays there, and only the image's parts come home.

What is said to a builder is said by the broker's user `remote`, by verbs of `request.py`; the
router's key is in a file of the role `build`, which the broker hands to such a job alone.
"""

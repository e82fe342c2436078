"""Frozen values: the configuration, the inventory and the records that roles hand each other.

`config.py` and its slices are checked by pydantic at the border.  `slices.py`, `images.py`,
`table.py` and `names.py` use the standard library only, because packet roles read them.
"""

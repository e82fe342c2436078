"""The devices on the LANs, inside `net`: who is there, how much they move, who is blocked.

`wire.py` reads netlink's answers, `census.py` folds what was seen into one row a device,
`fingerprint.py` says who made it and what runs on it, `table.py` is nftables both ways, `meter.py`
turns counters into rates.  Rows are in net.db (`appliance/store/devices.py`), rates in metrics.db.
"""

"""The role that owns the network: it puts revisions on trial, repairs drift and publishes slices.

`asked.py` reads what the owner wishes, `keeper.py` carries it out by the trial machine of
`appliance/trial.py`; `appliance/store/ledger.py` puts each fact down in one transaction.
"""

"""The command line.  `client.py` is its door: httpx on /api/v1; one module per noun.

Every command takes --json, but for those that stay until they are stopped (`run`, `lab`, `role`).
Each ends with a code that scripts can ask: 0 done, 1 refused, 2 typed wrongly, 3 no such thing, 4
the router does not answer, 5 it ended badly, 6 not within the time.
"""

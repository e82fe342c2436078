"""How nixie.db and access.db came to their present layout, and the door that opens them.

`nixie/` and `access/` hold one alembic script per layout.  The version row is compared first;
alembic, 0.4 s to import, is loaded only when an older file has to be brought forward.
"""

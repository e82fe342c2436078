"""SQLite, one writing role per file.  `tables.py` and its neighbours are imported by web only."""

"""Intake: a source is resolved, its inputs are fetched, its hosts are looked at."""

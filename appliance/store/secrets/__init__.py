"""Keys outside any database: STATE/secrets/<role>, each folder written by its own role."""

"""One list of blocked names, fetched by a user that can do nothing else."""

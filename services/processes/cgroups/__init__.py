"""Control groups: the memory and processes of a job, or of all builds, counted together."""
